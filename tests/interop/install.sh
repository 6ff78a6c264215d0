#!/bin/sh
# Installs the clients that tests/interop runs into the folder named first (make interop): from PyPI, npm and Debian.
# What cannot be installed here is named; the tests that need it skip.
set -eu
folder=$1
python=${PYTHON:-python3}
mkdir -p "$folder"

missing=
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
command -v mcs >/dev/null || missing="$missing mono-mcs"
command -v mono >/dev/null || missing="$missing mono-runtime"
for library in System.Runtime.Serialization System.ServiceModel; do
  [ -n "$(find /usr/lib/mono/4.5/ -name "$library.dll" 2>/dev/null)" ] || missing="$missing $library"
done
missing=$(echo "$missing" | sed 's/System.Runtime.Serialization/libmono-system-runtime-serialization4.0-cil/
  s/System.ServiceModel/libmono-system-servicemodel4.0a-cil/')
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing from Debian:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif [ -n "$missing" ]; then
  echo "these packages of Debian are missing, and so are the tests that need them:$missing"
fi

# An environment of its own: what this package depends on shadows the standard library.
pypi=servicestack==0.1.15
if ! "$folder/venv/bin/python" -c 'import servicestack' 2>/dev/null; then
  echo "installing $pypi from PyPI"
  "$python" -m venv --clear "$folder/venv"
  "$folder/venv/bin/python" -m pip --disable-pip-version-check --quiet install "$pypi"
fi

npm=@servicestack/client@2.1.13
if command -v npm >/dev/null && [ ! -d "$folder/node_modules/@servicestack/client" ]; then
  echo "installing $npm from npm"
  npm install --no-save --no-package-lock --no-audit --no-fund --silent --prefix "$folder" "$npm"
fi

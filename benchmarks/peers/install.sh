#!/bin/sh
# Installs the servers that benchmarks compare with the gateway into the folder named first (make peers).
set -eu
folder=$1
python=${PYTHON:-python3}
mkdir -p "$folder"

if [ ! -f "$folder/venv/.installed" ]; then
  echo "installing spyne, SQLAlchemy, FastAPI, Flask and peewee from PyPI (spyne 2.14 runs on Python 3.11 alone)"
  "$python" -m venv --clear "$folder/venv"
  "$folder/venv/bin/python" -m pip --disable-pip-version-check --quiet install -r "$(dirname "$0")/requirements.txt"
  touch "$folder/venv/.installed"
fi

if ! command -v npm >/dev/null; then
  echo "npm is missing, and so is the peer node-soap: apt install nodejs npm"
elif [ ! -d "$folder/node_modules/soap" ]; then
  echo "installing soap and pg from npm"
  npm install --no-save --no-package-lock --no-audit --no-fund --silent --prefix "$folder" soap@1.13.0 pg@8.23.1
fi

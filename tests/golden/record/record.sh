#!/bin/sh
# Records ../datacontract/classes.jsonl with mono, whose DataContractSerializer is Microsoft's. Needs (Debian):
#   apt install mono-mcs mono-runtime libmono-system-runtime-serialization4.0-cil libmono-system-servicemodel4.0a-cil
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mcs -out:"$work/classes.exe" -r:System.Runtime.Serialization.dll -r:System.Xml.dll "$here/Classes.cs"
TZ=Europe/Berlin mono "$work/classes.exe" > "$work/classes.jsonl"
mv "$work/classes.jsonl" "$here/../datacontract/classes.jsonl"
wc -l "$here/../datacontract/classes.jsonl"

#!/bin/sh
# Makes what KurrentDB (or EventStoreDB 23.10) needs to speak TLS: a certificate authority of your own, and a
# certificate for each node, with openssl alone.
#
#   make-certificates.sh [--out folder] [--days n] [--renew] [node[,name-or-address...] ...]
#
#   node     the name under which the node is reached; other names and addresses of it follow, with commas:
#            kurrentdb-1,log1.example.org,192.0.2.11. localhost and 127.0.0.1 are in every certificate. Unless
#            given, the nodes of compose.kurrentdb.yaml: kurrentdb kurrentdb-1 kurrentdb-2 kurrentdb-3
#   --out    where to: the folder `certificates` beside this script unless given
#   --days   how long a node's certificate holds: 365 unless given (the authority's: ten years)
#   --renew  makes new certificates and keys for the nodes, signed by the same authority
#
# It makes      trusted/ca.crt            the authority's certificate: for every node and every client (tlsCAFile)
#               authority/ca.key          its key: not needed by any node or client, keep it elsewhere
#               nodes/<node>/node.crt     the node's certificate
#               nodes/<node>/node.key     its key
#
# A second run makes what is missing and leaves what is there; an authority is never replaced. It says until when
# each certificate holds, and ends with 1 where one does not fit, has ended, or ends within 30 days: a scheduled run
# of it is the reminder.
set -eu
umask 077

out="$(cd "$(dirname "$0")" && pwd)/certificates"
days=365
renew=no
nodes=''

main() {
  read_arguments "$@"
  command -v openssl >/dev/null || fail 'openssl is not installed'
  mkdir -p "$out/authority" "$out/trusted" "$out/nodes"
  chmod 755 "$out" "$out/trusted"
  work=$(mktemp -d "$out/.making-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM

  ends_well=yes
  make_authority
  tell authority "$out/trusted/ca.crt"
  for node in $nodes; do make_node "$node"; done
  [ "$ends_well" = yes ]
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --out) out=${2:?--out needs a folder}; shift 2 ;;
      --days) days=${2:?--days needs a number}; shift 2 ;;
      --renew) renew=yes; shift ;;
      -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p;}' "$0"; exit 0 ;;
      -*) fail "unknown option $1; --help tells those there are" ;;
      '' | ,* | *[!A-Za-z0-9.,:-]*) fail "'$1' is no node: letters, digits, dots and dashes, names separated by commas" ;;
      *) nodes="$nodes $1"; shift ;;
    esac
  done
  case "$days" in '' | *[!0-9]* | 0*) fail "--days is a whole number above 0, not '$days'" ;; esac
  : "${nodes:=kurrentdb kurrentdb-1 kurrentdb-2 kurrentdb-3}"
}

# The certificate comes last: where it is, its key was made.
make_authority() {
  key="$out/authority/ca.key" certificate="$out/trusted/ca.crt"
  if [ -e "$certificate" ]; then return; fi
  if [ -e "$key" ]; then fail "$key is there without $certificate: bring that back, or begin in another folder"; fi
  # A name of its own, so that two authorities can be told apart while nodes move from one to the next.
  cat > "$work/ca.cnf" <<CONFIG
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
O = Action Line Ledger
CN = Ledger log CA $(openssl rand -hex 8)
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIG
  quietly openssl req -x509 -new -newkey rsa:3072 -nodes -sha256 -days 3650 -config "$work/ca.cnf" -keyout "$work/ca.key" -out "$work/ca.crt"
  chmod 644 "$work/ca.crt"
  mv "$work/ca.key" "$key"
  mv "$work/ca.crt" "$certificate"
}

make_node() {
  name=${1%%,*} names=$(names_of "$1") folder="$out/nodes/${1%%,*}"
  if [ "$renew" = yes ] || [ ! -e "$folder/node.crt" ]; then sign_node; fi
  tell "$name" "$folder/node.crt"
  names_are=$(openssl x509 -in "$folder/node.crt" -noout -text | sed -n '/Subject Alternative Name/{n;s/ //g;s/IPAddress:/IP:/g;p;}')
  if [ "$names_are" != "$names" ]; then complain "$name: its certificate is for $names_are, not for $names: --renew makes a new one"; fi
  if ! openssl verify -CAfile "$out/trusted/ca.crt" -purpose sslserver "$folder/node.crt" >/dev/null 2>&1; then complain "$name: its certificate is not signed by this authority, or has ended: --renew makes a new one"; fi
  if [ "$(openssl x509 -in "$folder/node.crt" -noout -pubkey)" != "$(openssl pkey -in "$folder/node.key" -pubout 2>/dev/null)" ]; then complain "$name: its key is missing or another's: --renew makes a new one"; fi
}

# Nodes know each other by the common name, which is the same in all (KurrentDB: docs/server/security/protocol-security.md),
# and each is server to some and client to others. Keys must be RSA (KurrentDB: src/KurrentDB.Core/Certificates/CertificateUtils.cs).
sign_node() {
  if [ ! -e "$out/authority/ca.key" ]; then fail "$name needs a certificate, and the authority's key is not at $out/authority/ca.key: bring it back for this run"; fi
  cat > "$work/node.cnf" <<CONFIG
[req]
prompt = no
distinguished_name = name
[name]
CN = kurrentdb-node
[node]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names
CONFIG
  quietly openssl req -new -newkey rsa:2048 -nodes -sha256 -config "$work/node.cnf" -keyout "$work/node.key" -out "$work/node.csr"
  quietly openssl x509 -req -in "$work/node.csr" -CA "$out/trusted/ca.crt" -CAkey "$out/authority/ca.key" -set_serial "0x01$(openssl rand -hex 15)" \
    -sha256 -days "$days" -extfile "$work/node.cnf" -extensions node -out "$work/node.crt"
  chmod 644 "$work/node.crt"
  mkdir -p "$folder"
  mv "$work/node.key" "$folder/node.key"
  mv "$work/node.crt" "$folder/node.crt"
}

# a,b,192.0.2.1 -> DNS:a,DNS:b,IP:192.0.2.1,DNS:localhost,IP:127.0.0.1
names_of() {
  listed=''
  for one in $(echo "$1" | tr ',' ' ') localhost 127.0.0.1; do
    case "$one" in
      *:*) fail "$one: addresses of version 4 and names only" ;;
      *[!0-9.]*) kind=DNS ;;
      *) kind=IP ;;
    esac
    listed="$listed${listed:+,}$kind:$one"
  done
  echo "$listed"
}

tell() {
  echo "$1: holds until $(openssl x509 -in "$2" -noout -enddate | cut -d= -f2)"
  if ! openssl x509 -in "$2" -noout -checkend 0 >/dev/null; then complain "$1: has ended"
  elif ! openssl x509 -in "$2" -noout -checkend 2592000 >/dev/null; then complain "$1: ends within 30 days"; fi
}

complain() {
  ends_well=no
  echo "$1" >&2
}

fail() {
  echo "$1" >&2
  exit 2
}

# openssl tells its progress as errors: they are shown where it fails.
quietly() {
  "$@" 2>"$work/said" || { cat "$work/said" >&2; fail "openssl failed"; }
}

main "$@"

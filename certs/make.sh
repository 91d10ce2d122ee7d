#!/bin/sh
# Makes the development CA and the one certificate it ever signs, then throws the CA's key away:
# whoever trusts this CA trusts these loopback names and nothing else, for ever.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
days=7300 # twenty years

openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/ca.key"
openssl req -x509 -new -sha256 -key "$scratch/ca.key" -days "$days" -out ca.pem \
  -subj "/O=Portcullis development/CN=Portcullis development CA" \
  -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign"

openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out server.key
openssl req -new -sha256 -key server.key -out "$scratch/server.csr" \
  -subj "/O=Portcullis development/CN=localhost"
cat > "$scratch/server.ext" <<EXT
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,DNS:*.localhost,DNS:s3.localhost,DNS:*.s3.localhost,IP:127.0.0.1,IP:::1
EXT
openssl x509 -req -sha256 -in "$scratch/server.csr" -CA ca.pem -CAkey "$scratch/ca.key" -CAcreateserial \
  -CAserial "$scratch/serial" -days "$days" -extfile "$scratch/server.ext" -out server.pem
chmod 600 server.key

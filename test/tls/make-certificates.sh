#!/usr/bin/env bash
# Makes the certificates of the tests again: an authority, a server for localhost with a second one that has expired, and a
# client. They protect nothing.
set -euo pipefail
cd "$(dirname "$0")/certificates"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj '/CN=Test authority' \
  -keyout authority.key -out authority.crt
for name in server client; do
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" \
    -keyout "$name.key" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA authority.crt -CAkey authority.key -CAcreateserial -days 36500 \
    -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$name.crt"
done
openssl req -new -key server.key -subj '/CN=server' -out expired.csr
openssl x509 -req -in expired.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days -1 \
  -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out expired.crt
rm -f -- *.csr *.srl authority.key

# One image per app: `docker build --target order .`, or all of them with `docker compose build`.
#
# Each holds Node.js, that app's compiled code and its production dependencies: no compiler, no sources, no other app. It runs
# as uid 1000, writes nothing outside /tmp and the folders it is given, so that its root file system can be read-only, and
# stops on SIGTERM when what it had in hand is committed. `npm run images:replay` runs these steps without Docker.
ARG NODE_IMAGE=node:24-slim

# The package.json files alone: dependencies are installed anew only when one of them has changed.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /manifests
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

# Everything compiled. No package may run an install script: what is native ships prebuilt.
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node apps/stack/build.mjs \
    && node deploy/images/assemble.mjs /assembled order inventory payment shipping dead-letter-desk carrier-mock payment-gateway-mock

# IBM's redistributable client, downloaded from IBM by the installer of the npm package ibmmq. There is one for x86-64 only;
# where the installer does nothing, the build ends here, and no image is made that could not reach a queue manager.
FROM build AS ibm-mq-client
WORKDIR /src/node_modules/ibmmq
RUN env -u npm_config_mqijs_noredist node postinstall.mjs && test -e redist/lib64/libmqm_r.so

# What all images have in common.
FROM ${NODE_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Orderbridge" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24-slim"
# IBM's client would write its logs to the home folder.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-old-space-size=256 --max-semi-space-size=8" \
    HOST=0.0.0.0 \
    PORT=8080 \
    MQ_OVERRIDE_DATA_PATH=/tmp/ibm-mq
WORKDIR /app
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The mocks keep their own books, in a volume; any user may, whatever uid a platform gives them.
FROM runtime AS mock
USER 0
RUN mkdir -m 1777 /ledger
USER 1000:1000
ENV LEDGER_FOLDER=/ledger
VOLUME /ledger

FROM manifests AS order-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/order \
    && rm -r node_modules/@orderbridge
FROM runtime AS order
LABEL org.opencontainers.image.title="orderbridge-order" \
      org.opencontainers.image.description="Takes orders and follows them to the shipping label"
COPY --from=order-dependencies /manifests/node_modules node_modules
COPY --from=build /assembled/order ./
CMD ["node", "dist/apps/order/src/main.js"]

FROM manifests AS inventory-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/inventory \
    && rm -r node_modules/@orderbridge
FROM runtime AS inventory
LABEL org.opencontainers.image.title="orderbridge-inventory" \
      org.opencontainers.image.description="Keeps the stock and reserves it for orders"
COPY --from=inventory-dependencies /manifests/node_modules node_modules
COPY --from=ibm-mq-client /src/node_modules/ibmmq/redist node_modules/ibmmq/redist
COPY --from=build /assembled/inventory ./
CMD ["node", "dist/apps/inventory/src/main.js"]

FROM manifests AS payment-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/payment \
    && rm -r node_modules/@orderbridge
FROM runtime AS payment
LABEL org.opencontainers.image.title="orderbridge-payment" \
      org.opencontainers.image.description="Charges and refunds orders through the payment gateway"
COPY --from=payment-dependencies /manifests/node_modules node_modules
COPY --from=ibm-mq-client /src/node_modules/ibmmq/redist node_modules/ibmmq/redist
COPY --from=build /assembled/payment ./
CMD ["node", "dist/apps/payment/src/main.js"]

FROM manifests AS shipping-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/shipping \
    && rm -r node_modules/@orderbridge
FROM runtime AS shipping
LABEL org.opencontainers.image.title="orderbridge-shipping" \
      org.opencontainers.image.description="Books shipments with the carrier and keeps their labels"
COPY --from=shipping-dependencies /manifests/node_modules node_modules
COPY --from=build /assembled/shipping ./
CMD ["node", "dist/apps/shipping/src/main.js"]

FROM manifests AS dead-letter-desk-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/dead-letter-desk \
    && rm -r node_modules/@orderbridge
FROM runtime AS dead-letter-desk
LABEL org.opencontainers.image.title="orderbridge-dead-letter-desk" \
      org.opencontainers.image.description="Shows the dead letters of both brokers and sends them again"
COPY --from=dead-letter-desk-dependencies /manifests/node_modules node_modules
COPY --from=ibm-mq-client /src/node_modules/ibmmq/redist node_modules/ibmmq/redist
COPY --from=build /assembled/dead-letter-desk ./
CMD ["node", "dist/apps/dead-letter-desk/src/main.js"]

FROM manifests AS carrier-mock-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/carrier-mock \
    && rm -r node_modules/@orderbridge
FROM mock AS carrier-mock
LABEL org.opencontainers.image.title="orderbridge-carrier-mock" \
      org.opencontainers.image.description="Stands in for a parcel carrier with a SOAP service"
COPY --from=carrier-mock-dependencies /manifests/node_modules node_modules
COPY --from=build /assembled/carrier-mock ./
CMD ["node", "dist/apps/carrier-mock/src/main.js"]

FROM manifests AS payment-gateway-mock-dependencies
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/payment-gateway-mock \
    && rm -r node_modules/@orderbridge
FROM mock AS payment-gateway-mock
LABEL org.opencontainers.image.title="orderbridge-payment-gateway-mock" \
      org.opencontainers.image.description="Stands in for a payment gateway"
COPY --from=payment-gateway-mock-dependencies /manifests/node_modules node_modules
COPY --from=build /assembled/payment-gateway-mock ./
CMD ["node", "dist/apps/payment-gateway-mock/src/main.js"]

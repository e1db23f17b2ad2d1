# Node 26, the LTS line since October 2026. Who publishes an image pins the digest of the base that it was built on.
FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No install scripts: the only one that we need unpacks the embedded PostgreSQL, for development.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN npm run build

# Apart from the build, so that a change of the sources does not install anew. sharp's codecs come with it as packages
# of the lock file, built for the platform of this stage. npm keeps TypeScript even so, as an optional peer of
# @nestjs/swagger: nothing here needs it, nor the commands of packages.
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts && rm -rf node_modules/typescript node_modules/.bin

FROM node:26-bookworm-slim
# Without npm: nothing here installs anything, and what is not there cannot be abused.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx \
  && install --directory --owner=node --group=node /data
WORKDIR /app
# Readable for the user below, also when the umask of whoever cloned was not.
COPY --chmod=644 package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# MALLOC: glibc takes an arena a thread, and raises its threshold for blocks that go back to the system at once with each one
# that is freed. With two arenas and a fixed threshold a worker keeps within WORKER_MEMORY; without them it does not.
# PUBLIC_URL: the default is made of HOST, which here is no address that anyone can call.
ENV NODE_ENV=production \
  MALLOC_ARENA_MAX=2 \
  MALLOC_MMAP_THRESHOLD_=8388608 \
  MALLOC_TRIM_THRESHOLD_=67108864 \
  HOST=0.0.0.0 \
  PORT=3000 \
  PUBLIC_URL=http://127.0.0.1:3000 \
  DATA_DIR=/data

USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# As process 1 node would ignore the signals that it does not handle, and collect no orphans.
ENTRYPOINT ["tini", "--"]
# Not npm, which would stand between the signals and the service. DATABASE_URL must be given: the embedded PostgreSQL is
# not in the image. APP_MODE says what runs: api, worker or (the default) all.
CMD ["node", "dist/src/start.cjs"]

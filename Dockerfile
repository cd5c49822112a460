# Two stages: what fetches packages is not in the image that runs. No step needs a secret, and none is kept: pass them
# when it runs. See "Run in a container" in the README.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# .npmrc: no package runs code while it is installed. The optional package is a Node, which the image has.
RUN npm ci --omit=dev --omit=optional

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY twiml ./twiml
COPY src ./src
# All that this user may write; the rest is root's, and the file system may be read-only.
RUN mkdir -m 700 /data && chown 1000:1000 /data
VOLUME /data
USER 1000:1000
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATABASE_URL=file:/data/yesline.db
EXPOSE 3000
# Alive, and not ready: a line that cannot record still apologises to callers, and a restart would not mend the disk.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "src/main.ts", "serve"]

# ngxlint, and nothing that it does not need:
#
#   docker run --rm -v "$PWD:/work:ro" ngxlint check .
FROM rust:1-slim AS build
WORKDIR /build
# The C compiler is for the cryptography of certificate chains.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cargo install --locked --path . --root /usr/local

FROM debian:stable-slim
COPY --from=build /usr/local/bin/ngxlint /usr/local/bin/ngxlint
# Whose files are linted is not known here; ngxlint only has to read them.
USER nobody
WORKDIR /work
ENTRYPOINT ["ngxlint"]
CMD ["check", "."]

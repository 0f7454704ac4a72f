# ngxlint, and nothing that it does not need:
#
#   docker run --rm -v "$PWD:/work:ro" ngxlint check .
# Both stages are of one release of Debian: the program needs the C library that it was built with, or a newer one.
FROM rust:1-slim-trixie AS build
WORKDIR /build
# The C compiler is for the cryptography of certificate chains.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cargo install --locked --path . --root /usr/local

FROM debian:trixie-slim
COPY --from=build /usr/local/bin/ngxlint /usr/local/bin/ngxlint
# Whose files are linted is not known here; ngxlint only has to read them.
USER nobody
WORKDIR /work
ENTRYPOINT ["ngxlint"]
CMD ["check", "."]

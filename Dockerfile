# Two images from one build: `docker build --target appliance .` and `docker build --target cloud-service .`
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ unzip python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The same set-up as `make demo`: ONNX Runtime by version and hash.
RUN PIP_BREAK_SYSTEM_PACKAGES=1 tests/setup demo && cargo build --release --locked -p scanside-appliance -p scanside-cloud-service

FROM debian:bookworm-slim AS base
RUN useradd --system --home-dir /var/lib/scanside --create-home scanside
# Read by every process that loads ONNX Runtime: without it the library sends usage data to its maker.
ENV ORT_DISABLE_TELEMETRY=1
COPY --from=build /src/target/onnxruntime/libonnxruntime.so.1.31.1 /usr/local/bin/lib/libonnxruntime.so
USER scanside
WORKDIR /var/lib/scanside

FROM base AS appliance
COPY --from=build /src/target/release/appliance /usr/local/bin/appliance
COPY --from=build /src/models/burned-in-text /usr/local/share/scanside/models/burned-in-text
COPY --from=build /src/models/chest-xray /usr/local/share/scanside/models/chest-xray
COPY --from=build /src/models/head-ct-haemorrhage /usr/local/share/scanside/models/head-ct-haemorrhage
COPY --from=build /src/models/reference /usr/local/share/scanside/models/reference
EXPOSE 11112 8080
ENTRYPOINT ["/usr/local/bin/appliance"]
CMD ["run", "--config", "/var/lib/scanside/appliance.toml"]

FROM base AS cloud-service
COPY --from=build /src/target/release/cloud-service /usr/local/bin/cloud-service
COPY --from=build /src/models/reference /usr/local/share/scanside/models/reference
EXPOSE 8443 8480
ENTRYPOINT ["/usr/local/bin/cloud-service"]
CMD ["run", "--config", "/var/lib/scanside/cloud.toml"]

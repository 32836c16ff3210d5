# The mirror as an image:  docker build -t intrahub .
#
# A site that cannot reach Docker Hub names images of its own with --build-arg. BUILD_IMAGE needs a
# JDK 25 or newer for glibc, bash, tar and gzip; RUN_IMAGE needs glibc, bash and nothing of Java.
# Libraries come from Maven Central, unless ~/.m2/settings.xml in BUILD_IMAGE says otherwise.
#
# Everything here is understood by the classic builder too.
ARG BUILD_IMAGE=eclipse-temurin:25-jdk
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY mvnw pom.xml ./
COPY .mvn .mvn
# Packs nothing, but fetches nearly everything, in a layer that lasts until pom.xml changes.
RUN ./mvnw -B -ntp -q -Dmaven.test.skip=true package && rm -rf target
COPY src/main src/main
RUN ./mvnw -B -ntp -q -Dmaven.test.skip=true package

# A runtime of the modules that are used. Listed by hand: jdeps stops at libraries that are not
# modules, and what is loaded by name (TLS, JFR, jcmd for the operator) it could not see anyway.
RUN mkdir -p /opt/intrahub /data \
    && jlink --output /opt/intrahub/jre --strip-java-debug-attributes --no-header-files \
        --no-man-pages --compress zip-6 \
        --add-modules java.base,java.logging,java.naming,java.management,java.xml,java.sql,jdk.unsupported,jdk.crypto.ec,jdk.jfr,jdk.zipfs,jdk.jcmd,jdk.management,java.instrument,java.net.http \
    && cp -r target/lib /opt/intrahub/lib \
    && cp target/intrahub-*.jar /opt/intrahub/intrahub.jar
COPY src/main/docker /opt/intrahub/bin
# Halves the time of a start. The cache fits this runtime, these jars and these paths only.
RUN /opt/intrahub/bin/train

FROM ${RUN_IMAGE}
LABEL org.opencontainers.image.title="intrahub" \
      org.opencontainers.image.description="A caching mirror of the Hugging Face Hub" \
      org.opencontainers.image.licenses="Apache-2.0"
# What changes least comes first, so that an update moves few layers.
COPY --from=build /opt/intrahub/jre /opt/intrahub/jre
COPY --from=build /opt/intrahub/lib /opt/intrahub/lib
COPY --from=build /opt/intrahub/bin /opt/intrahub/bin
COPY --from=build /opt/intrahub/intrahub.jar /opt/intrahub/intrahub.aot /opt/intrahub/
# Owned by the user below: a new volume takes its owner from here.
COPY --from=build --chown=10001:10001 /data /data

ENV INTRAHUB_STORE_PATH=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
# Clients, and the operator. The operator's listens inside the container only, unless
# INTRAHUB_ADMIN_HOST=0.0.0.0.
EXPOSE 8090 8091
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/opt/intrahub/bin/healthcheck"]
ENTRYPOINT ["/opt/intrahub/bin/intrahub"]
CMD ["serve"]

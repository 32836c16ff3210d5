package io.intrahub.admin;

import io.intrahub.mirror.Mirror;
import io.intrahub.mirror.MirrorStatus;
import io.intrahub.store.StoreUsage;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The JSON of {@code /status}: the state of a running mirror. Members may be added and are never
 * removed. Sizes are in bytes, times in seconds. Safe for use by many threads.
 */
public final class StatusReport {
  /** More removed repos than this are only counted. */
  private static final int MOST_REMOVED = 1_000;

  private final JsonFactory json = JsonFactory.builder().build();
  private final String version;
  private final Clock clock;
  private final Instant started;
  private final Mirror mirror;
  private final Supplier<StoreUsage> store;
  private final StoreName storeName;
  private final String clientsHost;
  private final IntSupplier clientsPort;

  /**
   * Which store it is, and which copy of it.
   *
   * @param id the random name of the store, which copies have too
   * @param folder what tells its folder from those of copies, in hexadecimal digits
   */
  public record StoreName(String id, String folder) {}

  /**
   * Creates the report of a mirror that starts now.
   *
   * @param version version of the product
   * @param clock measures how long the mirror has been up
   * @param store called for each report
   * @param storeName by which commands tell whose folder it is
   * @param clientsHost the address that the clients' listener binds to
   * @param clientsPort the port of the clients' listener; called for each report
   */
  public StatusReport(
      String version,
      Clock clock,
      Mirror mirror,
      Supplier<StoreUsage> store,
      StoreName storeName,
      String clientsHost,
      IntSupplier clientsPort) {
    this.version = version;
    this.clock = clock;
    this.started = clock.instant();
    this.mirror = mirror;
    this.store = store;
    this.storeName = storeName;
    this.clientsHost = clientsHost;
    this.clientsPort = clientsPort;
  }

  byte[] write() {
    MirrorStatus status = mirror.status();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = json.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      out.writeStringProperty("version", version);
      out.writeNumberProperty(
          "uptimeSeconds", Duration.between(started, clock.instant()).toSeconds());
      out.writeStringProperty("upstream", status.upstream());
      out.writeStringProperty("clientsHost", clientsHost);
      out.writeNumberProperty("clientsPort", clientsPort.getAsInt());
      write(out, store.get());
      out.writeObjectPropertyStart("connections");
      out.writeNumberProperty("taken", status.connectionsInUse());
      out.writeNumberProperty("waiting", status.connectionsWaiting());
      out.writeEndObject();
      out.writeNumberProperty("passThrough", status.passThrough());
      out.writeArrayPropertyStart("quotas");
      status.quotas().forEach(quota -> write(out, quota));
      out.writeEndArray();
      out.writeArrayPropertyStart("transfers");
      status.loads().forEach(load -> write(out, load));
      out.writeEndArray();
      out.writeArrayPropertyStart("removedRepos");
      status.removed().stream().limit(MOST_REMOVED).forEach(removed -> write(out, removed));
      out.writeEndArray();
      out.writeNumberProperty("removedReposCount", status.removed().size());
      out.writeArrayPropertyStart("seeds");
      status.seeds().forEach(seed -> write(out, seed));
      out.writeEndArray();
      out.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator out, MirrorStatus.SeedState seed) {
    out.writeStartObject();
    out.writeStringProperty("path", seed.path());
    out.writeStringProperty("state", seed.hangs() ? "hanging" : "ok");
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, MirrorStatus.Quota quota) {
    out.writeStartObject();
    out.writeStringProperty("identity", quota.identity());
    out.writeStringProperty("quota", quota.quota());
    out.writeNumberProperty("left", quota.left());
    out.writeNumberProperty("limit", quota.limit());
    out.writeNumberProperty("resetsInSeconds", quota.resets().toSeconds());
    out.writeEndObject();
  }

  private void write(JsonGenerator out, StoreUsage usage) {
    out.writeObjectPropertyStart("store");
    out.writeStringProperty("id", storeName.id());
    out.writeStringProperty("folder", storeName.folder());
    out.writeNumberProperty("blobs", usage.blobs());
    out.writeNumberProperty("bytes", usage.bytes());
    out.writeBooleanProperty("counted", usage.counted());
    out.writeNumberProperty("writers", usage.writers());
    out.writeNumberProperty("reserved", usage.reserved());
    out.writeNumberProperty("partials", usage.partials());
    out.writeNumberProperty("partialBytes", usage.partialBytes());
    out.writeNumberProperty("metadataBytes", usage.metadataBytes());
    write(out, "limit", usage.limit());
    write(out, "free", usage.free());
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, MirrorStatus.Load load) {
    out.writeStartObject();
    out.writeStringProperty("source", load.source());
    out.writeStringProperty("state", load.state());
    out.writeNumberProperty("size", load.size());
    out.writeNumberProperty("there", load.available());
    out.writeNumberProperty("bytesPerSecond", load.bytesPerSecond());
    out.writeNumberProperty("readers", load.readers());
    out.writeNumberProperty("connections", load.connections());
    Optional<Duration> left = load.left();
    write(
        out,
        "etaSeconds",
        left.isPresent() ? OptionalLong.of(left.get().toSeconds()) : OptionalLong.empty());
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, MirrorStatus.Removed removed) {
    out.writeStartObject();
    out.writeStringProperty("repo", removed.repo());
    out.writeStringProperty("state", removed.tombstone().kind().name().toLowerCase(Locale.ROOT));
    out.writeBooleanProperty("wasPublic", removed.tombstone().wasPublic());
    out.writeStringProperty("since", removed.since().toString());
    out.writeStringProperty("hubSaid", removed.tombstone().message());
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, String name, OptionalLong value) {
    if (value.isPresent()) {
      out.writeNumberProperty(name, value.getAsLong());
    } else {
      out.writeNullProperty(name);
    }
  }
}

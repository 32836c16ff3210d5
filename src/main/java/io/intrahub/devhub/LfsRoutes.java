package io.intrahub.devhub;

import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/** The batch call of Git LFS, for downloads (git-lfs, docs/api/batch.md). */
final class LfsRoutes {
  private static final String TYPE = "application/vnd.git-lfs+json";
  private static final int MOST_OBJECTS = 1000;
  private static final int LIFE = 3600;

  private final Gate gate;
  private final Cdn cdn;
  private final Settings settings;

  LfsRoutes(Gate gate, Cdn cdn, Settings settings) {
    this.gate = gate;
    this.cdn = cdn;
    this.settings = settings;
  }

  Reply batch(Incoming in, Target target) {
    DevRepo repo = gate.read(in, target);
    boolean isLfs =
        in.header("content-type").filter(t -> t.startsWith(TYPE)).isPresent()
            && in.header("accept").filter(t -> t.startsWith(TYPE)).isPresent();
    if (!in.method().equals("POST") || !isLfs) {
      throw Errors.badRequest("Not a call of Git LFS");
    }
    Json.LfsBody asked;
    try {
      asked = Json.readLfs(in.bodySource().get());
    } catch (JacksonException e) {
      throw Errors.badRequest("Invalid JSON body: " + e.getOriginalMessage());
    }
    if (!asked.operation().equals("download") || asked.objects().size() > MOST_OBJECTS) {
      throw Errors.badRequest("Only downloads, and not too many");
    }
    return Reply.of(200, TYPE, DevContent.of(write(repo, asked.objects())));
  }

  private byte[] write(DevRepo repo, List<Json.LfsObject> objects) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("transfer", "basic");
      json.writeArrayPropertyStart("objects");
      objects.forEach(object -> write(json, repo, object));
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  private void write(JsonGenerator json, DevRepo repo, Json.LfsObject object) {
    Optional<DevFile> file = repo.lfsFile(object.oid()).filter(f -> f.size() == object.size());
    json.writeStartObject();
    json.writeStringProperty("oid", object.oid());
    json.writeNumberProperty("size", object.size());
    if (file.isPresent()) {
      String type = "application/octet-stream";
      String address = settings.cdn + cdn.address(repo, file.get(), "attachment", type);
      json.writeBooleanProperty("authenticated", true);
      json.writeObjectPropertyStart("actions");
      json.writeObjectPropertyStart("download");
      json.writeStringProperty("href", address);
      json.writeNumberProperty("expires_in", LIFE);
      json.writeEndObject();
      json.writeEndObject();
    } else {
      json.writeObjectPropertyStart("error");
      json.writeNumberProperty("code", 404);
      json.writeStringProperty("message", "Object does not exist");
      json.writeEndObject();
    }
    json.writeEndObject();
  }
}

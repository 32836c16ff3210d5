package io.intrahub.devhub;

/** Routes about the account: who asks, what they may do, and small calls of every client. */
final class AccountRoutes {
  private final Gate gate;
  private final Directory directory;

  AccountRoutes(Gate gate, Directory directory) {
    this.gate = gate;
    this.directory = directory;
  }

  Reply authCheck(Incoming in, Target target) {
    gate.read(in, target);
    if (target.path().equals("write")) {
      throw Errors.forbidden("You need write access to " + target.id());
    }
    return Reply.text(200, "OK");
  }

  Reply whoami(Incoming in) {
    String user = in.token().flatMap(directory::userOf).orElseThrow(Errors::unknownToAnonymous);
    return Reply.json(
        200,
        Json.write(g -> {
          g.writeStartObject();
          g.writeStringProperty("type", "user");
          g.writeStringProperty("id", Hashes.sha256("user " + user).substring(0, 24));
          g.writeStringProperty("name", user);
          g.writeStringProperty("fullname", user);
          g.writeStringProperty("email", user + "@example.com");
          g.writeBooleanProperty("emailVerified", true);
          g.writeBooleanProperty("canPay", false);
          g.writeNullProperty("periodEnd");
          g.writeBooleanProperty("isPro", false);
          g.writeStringProperty("avatarUrl", "https://example.com/" + user + ".svg");
          g.writeArrayPropertyStart("orgs");
          g.writeEndArray();
          g.writeName("auth");
          g.writeRawValue(
              "{\"type\":\"access_token\",\"accessToken\":{\"displayName\":\"devhub\","
                  + "\"role\":\"read\",\"createdAt\":\"2026-01-01T00:00:00.000Z\"}}");
          g.writeEndObject();
        }));
  }

  /** Asked by the Python client at the start of almost every process (huggingface_hub 1.33). */
  Reply agentHarnesses() {
    return json(200, "{\"standardEnvVars\":[],\"harnesses\":{}}");
  }

  Reply telemetry() {
    return Reply.text(200, "");
  }

  Reply xetToken() {
    return Reply.json(404, Json.error("This Hub keeps no Xet bytes"));
  }

  Reply discussions(Incoming in, Target target) {
    gate.see(in, target);
    return json(200, "{\"discussions\":[],\"count\":0,\"start\":0,\"numClosedDiscussions\":0}");
  }

  Reply likers(Incoming in, Target target) {
    gate.see(in, target);
    return json(200, "[]");
  }

  private static Reply json(int status, String text) {
    return Reply.of(status, Reply.JSON, DevContent.of(text));
  }
}

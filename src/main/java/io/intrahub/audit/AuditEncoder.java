package io.intrahub.audit;

import ch.qos.logback.core.encoder.EncoderBase;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.http.RequestListener;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.RepoId;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;

/**
 * Encodes an event as one line of JSON in ASCII, so that nothing a client sends can start a line or
 * reach a terminal as a control character. Used by the thread of the audit log only.
 */
final class AuditEncoder extends EncoderBase<AuditEvent> {
  /** Enough to tell tokens apart, and too little to be taken for a key of the store. */
  private static final int FINGERPRINT_DIGITS = 16;

  /**
   * A token of the Hub, or of this mirror, that a client put into a path by mistake. Shorter words
   * are names.
   */
  private static final Pattern TOKEN = Pattern.compile("(hf|api_org)_[A-Za-z0-9]{20,}");

  private final JsonFactory json =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
  private final Optional<AccessRules> rules;

  /**
   * Creates an encoder.
   *
   * @param rules the operator's rules; empty if each client's own token counts
   */
  AuditEncoder(Optional<AccessRules> rules) {
    this.rules = rules;
  }

  @Override
  public byte[] encode(AuditEvent event) {
    StringWriter line = new StringWriter();
    try (JsonGenerator out = json.createGenerator(ObjectWriteContext.empty(), line)) {
      out.writeStartObject();
      write(out, event);
      out.writeEndObject();
    }
    String entry = TOKEN.matcher(line.append('\n').toString()).replaceAll("$1_***");
    return entry.getBytes(StandardCharsets.US_ASCII);
  }

  private void write(JsonGenerator out, AuditEvent event) {
    RequestListener.Request request = event.request();
    out.writeStringProperty("time", event.time().toString());
    out.writeStringProperty("request", request.requestId());
    out.writeStringProperty("client", address(request.caller()));
    out.writeStringProperty("authority", authority(request.caller()));
    out.writeStringProperty("method", request.method());
    Named named = Named.of(request.path());
    named.repo().ifPresent(repo -> out.writeStringProperty("repo", name(repo)));
    if (!request.commit().isEmpty()) {
      out.writeStringProperty("commit", request.commit());
    }
    out.writeStringProperty("path", named.path());
    out.writeNumberProperty("status", request.status());
    out.writeNumberProperty("bytes", request.bytes());
    String cache = cache(request.cacheStatus());
    if (!cache.isEmpty()) {
      out.writeStringProperty("cache", cache);
    }
    named.repo().ifPresent(repo -> writeRule(out, request, repo, cache));
    if (!request.errorCode().isEmpty()) {
      out.writeStringProperty("code", request.errorCode());
    }
    if (!request.error().isEmpty()) {
      out.writeStringProperty("error", request.error());
    }
  }

  /** The rules are immutable and depend on nothing else, so they say now what they said then. */
  private void writeRule(
      JsonGenerator out, RequestListener.Request request, RepoId repo, String cache) {
    if (rules.isPresent() && request.caller().requester().isPresent()) {
      out.writeNumberProperty(
          "rule",
          rules
              .get()
              .decide(request.caller().requester().get(), repo, RepoVisibility.PUBLIC)
              .rule());
    } else if (rules.isEmpty() && !cache.isEmpty()) {
      // A response that is not stored was authorised by the Hub itself, for this client.
      out.writeStringProperty(
          "rule", cache.equals("bypass") ? "hub" : request.restricted() ? "grant" : "public");
    } else if (rules.isEmpty() && !request.errorCode().isEmpty()) {
      out.writeStringProperty("rule", "hub");
    }
  }

  /** The name by which rules name the repo. */
  private static String name(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  private static String address(Caller caller) {
    return caller.requester().map(who -> who.client().getHostAddress()).orElse(caller.client());
  }

  private static String authority(Caller caller) {
    if (caller.requester().isPresent()) {
      return local(caller.requester().get().credential());
    }
    return switch (caller.authority()) {
      case Authority.Anonymous _ -> "anonymous";
      case Authority.TokenHolder(var fingerprint) ->
          "token:" + fingerprint.substring(0, Math.min(FINGERPRINT_DIGITS, fingerprint.length()));
    };
  }

  private static String local(LocalCredential credential) {
    return switch (credential) {
      case LocalCredential.None _ -> "anonymous";
      case LocalCredential.Valid(var token) -> "local:" + token.name();
      case LocalCredential.Expired(var name, _) -> "expired:" + name;
      case LocalCredential.Unknown _ -> "unknown";
      case LocalCredential.Unavailable _ -> "unavailable";
    };
  }

  private static String cache(String cacheStatus) {
    if (cacheStatus.contains("fwd=bypass")) {
      return "bypass";
    }
    return cacheStatus.contains("fwd=miss") ? "miss" : cacheStatus.contains("; hit") ? "hit" : "";
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }

  /**
   * What a request names.
   *
   * @param repo as the client named it
   * @param path of the file in the repo; the raw path of the request if it names no file
   */
  private record Named(Optional<RepoId> repo, String path) {
    static Named of(String raw) {
      if (!(HubTargetParser.parse(raw) instanceof HubTargetParser.Target parsed)) {
        return new Named(Optional.empty(), raw);
      }
      return switch (parsed.target()) {
        case HubTarget.ResolveFile(var repo, _, var path) -> file(repo, path);
        case HubTarget.ResolveCacheFile(var repo, CommitHash _, var path) -> file(repo, path);
        case HubTarget.RawFile(var repo, _, var path) -> file(repo, path);
        case HubTarget.BlobPage(var repo, _, var path) -> file(repo, path);
        case HubTarget.RepoInfo(var repo, _) -> new Named(Optional.of(repo), raw);
        case HubTarget.Tree(var repo, _, _) -> new Named(Optional.of(repo), raw);
        case HubTarget.PathsInfo(var repo, _) -> new Named(Optional.of(repo), raw);
        case HubTarget.Refs(var repo) -> new Named(Optional.of(repo), raw);
        case HubTarget.XetToken(var repo) -> new Named(Optional.of(repo), raw);
        case HubTarget.RepoResource(var repo, _) -> new Named(Optional.of(repo), raw);
        case HubTarget.AgentHarnesses _,
            HubTarget.Telemetry _,
            HubTarget.OtherApi _,
            HubTarget.PaperText _,
            HubTarget.Page _ ->
            new Named(Optional.empty(), raw);
      };
    }

    private static Named file(RepoId repo, FilePath path) {
      return new Named(Optional.of(repo), path.value());
    }
  }
}

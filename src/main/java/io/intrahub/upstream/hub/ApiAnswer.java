package io.intrahub.upstream.hub;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Map;
import java.util.Optional;

/** What upstream answers to a call of its API. */
public sealed interface ApiAnswer {
  /**
   * Success.
   *
   * @param status 200 to 299
   * @param headers the few that are passed on: content type, {@code X-Repo-Commit}, {@code Link},
   *     {@code X-Total-Count}, and of a HEAD the {@code Content-Length}; names in lower case
   * @param body to be closed by whoever takes the answer; of a HEAD it is empty
   */
  record Ok(int status, Map<String, String> headers, ApiBody body) implements ApiAnswer {
    /** The header of this lower-case name. */
    public Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }
  }

  /**
   * Success of a call for repo info.
   *
   * @param repo under the id by which upstream knows it
   * @param facts what the mirror acts on. Of a large body only the beginning was looked at: what it
   *     does not say there counts as not said.
   * @param body the JSON; to be closed by whoever takes the answer
   * @param evidence present when no token was sent, the endpoint is authoritative and the repo is
   *     neither private nor gated
   */
  record Info(RepoId repo, RepoFacts facts, ApiBody body, Optional<AnonymousRead> evidence)
      implements ApiAnswer {}

  /**
   * The Hub said no.
   *
   * @param refusal what it said
   */
  record Refused(HubRefusal refusal) implements ApiAnswer {}

  /**
   * No usable answer.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements ApiAnswer {}
}

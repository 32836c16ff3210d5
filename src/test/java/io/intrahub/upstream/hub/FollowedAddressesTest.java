package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.HOLDER;
import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.Revision;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Of all addresses in upstream's answers only redirects and links to a next page are followed, over
 * HTTP and HTTPS alone, and no cookie or token goes where they lead off the endpoint.
 */
class FollowedAddressesTest {
  private static final int SIZE = 50_000;
  private final DevHub hub = DevHub.builder().start();
  private final DevFile large = DevFile.lfsGenerated(3, SIZE);
  private final UpstreamRig rig = UpstreamRig.to(new SettableClock(), hub.uri());

  /** Somewhere else on this machine, which nobody may connect to. */
  private ServerSocket elsewhere;

  private DevRepo repo;
  private String commit = "";

  @BeforeEach
  void start() throws IOException {
    elsewhere = new ServerSocket(0);
    elsewhere.setSoTimeout(1);
    hub.token(UpstreamRig.TOKEN, "owner");
    repo = hub.repo("model", "acme/x").visibility(Visibility.PRIVATE).allow(UpstreamRig.TOKEN);
    commit = repo.commit("Add it", "m.bin", large);
  }

  @AfterEach
  void stop() throws IOException {
    rig.close();
    hub.close();
    elsewhere.close();
  }

  private String there() {
    return "127.0.0.1:" + elsewhere.getLocalPort();
  }

  private void assertNobodyCame() throws IOException {
    try {
      elsewhere.accept().close();
      Assertions.fail("somebody connected");
    } catch (SocketTimeoutException e) {
      assertThat(hub.log()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://THERE/m.bin",
        "file://THERE/etc/passwd",
        "file:///etc/passwd",
        "gopher://THERE/x",
        "ldap://THERE/x",
        "ws://THERE/x",
        "jar:http://THERE/x!/y",
        "javascript:alert(1)",
        "data:application/json,{}",
        "http://user:secret@THERE/x",
        "//user@THERE/x",
        "https://",
        "http://%00/"
      })
  void a_redirect_over_anything_but_http_or_with_credentials_is_not_followed(String to)
      throws IOException {
    String location = to.replace("THERE", there());
    hub.faults().on(Route.RESOLVE, Route.REPO_INFO).status(302, Map.of("Location", location), "");

    assertThat(rig.hop("m.bin", HOLDER)).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.upstream().repoInfo(REPO, Optional.empty(), "", HOLDER))
        .isInstanceOf(UpstreamResult.Failed.class);

    assertNobodyCame();
  }

  /** The same for the address of bytes, which is told beside digest and size. */
  @ParameterizedTest
  @ValueSource(strings = {"ftp://THERE/m.bin", "file:///etc/passwd", "http://u:p@THERE/m.bin"})
  void bytes_are_not_fetched_over_anything_else_either(String to) throws IOException {
    Map<String, String> said =
        Map.of(
            "Location",
            to.replace("THERE", there()),
            "X-Repo-Commit",
            commit,
            "X-Linked-ETag",
            '"' + large.sha256() + '"',
            "X-Linked-Size",
            Integer.toString(SIZE));
    FirstHop found = rig.found("m.bin", HOLDER);
    hub.expireSignatures();
    hub.faults().on(Route.RESOLVE).status(302, said, "");

    assertThat(rig.source(found, "m.bin", HOLDER).open(Span.all(SIZE)))
        .isInstanceOf(UpstreamResult.Failed.class);

    assertNobodyCame();
  }

  /** Xet's routes for tokens and for the parts of a file, in headers and links. */
  @Test
  void refresh_routes_in_headers_are_not_followed() throws IOException {
    String url = "http://" + there() + "/api/xet-read-token";
    Map<String, String> said =
        Map.of(
            "X-Repo-Commit",
            commit,
            "ETag",
            '"' + large.sha256() + '"',
            "X-Linked-Size",
            Integer.toString(SIZE),
            "X-Xet-Hash",
            "a".repeat(64),
            "X-Xet-Refresh-Route",
            url,
            "X-Xet-Cas-Url",
            url,
            "Link",
            "<%s>; rel=\"xet-auth\", <%s>; rel=\"xet-reconstruction-info\"".formatted(url, url),
            "Refresh",
            "0; url=" + url,
            "Content-Location",
            url);
    hub.faults().on(Route.RESOLVE).times(1).status(200, said, "");

    FirstHop found = rig.found("m.bin", HOLDER);
    BlobSource source = rig.source(found, "m.bin", HOLDER);
    assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(large.allBytes());

    assertNobodyCame();
    assertThat(hub.log())
        .extracting(Recorded::path)
        .noneMatch(path -> path.contains("xet-read-token") || path.contains("reconstruction"));
  }

  @Test
  void addresses_in_json_are_not_followed() throws IOException {
    String url = "http://" + there() + "/x";
    String info =
        """
        {"id":"acme/x","sha":"%s","private":true,"gated":false,"url":"%s","href":"%s",
         "cdnUrl":"%s","refreshUrl":"%s","actions":{"download":{"href":"%s"}},
         "siblings":[{"rfilename":"m.bin","url":"%s","xet":{"refreshRoute":"%s"}}]}\
        """
            .formatted(commit, url, url, url, url, url, url, url);
    hub.faults().on(Route.REPO_INFO).status(200, Map.of("Content-Type", "application/json"), info);

    RepoInfoAnswer answer =
        value(rig.upstream().repoInfo(REPO, Optional.of(new Revision("main")), "", HOLDER));
    answer.body().close();

    assertThat(answer.facts().commit().orElseThrow().hex()).isEqualTo(commit);
    assertNobodyCame();
    assertThat(hub.counters().requests()).isEqualTo(1);
  }

  @Test
  void a_cookie_of_the_hub_is_sent_to_nobody_and_the_token_to_the_hub_alone() throws IOException {
    hub.cookies(true);
    for (int i = 0; i < 2; i++) {
      BlobSource source = rig.source(rig.found("m.bin", HOLDER), "m.bin", HOLDER);
      assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(large.allBytes());
      hub.expireSignatures();
    }
    value(rig.upstream().repoInfo(REPO, Optional.empty(), "", HOLDER)).body().close();
    repo.visibility(Visibility.PUBLIC);
    value(rig.upstream().repoInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS)).body().close();

    assertThat(hub.log()).allMatch(r -> r.header("Cookie").isEmpty());
    assertThat(hub.log())
        .filteredOn(r -> r.route() == Route.CDN)
        .isNotEmpty()
        .allMatch(r -> r.authorization().isEmpty());
  }
}

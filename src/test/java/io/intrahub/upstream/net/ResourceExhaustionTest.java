package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.cli.Wiring;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.policy.UpstreamState;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.UpstreamResults;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.RepoInfoAnswer;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The mirror has no file descriptor left, while the Hub is well. */
class ResourceExhaustionTest {
  private final DevHub hub = DevHub.builder().start();
  private final SettableClock clock = new SettableClock();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final FailingSockets sockets = new FailingSockets();
  private final HubUpstream upstream =
      TestWiring.of(
              TestWiring.settings(
                  UpstreamSettings.to(List.of(EndpointSettings.trusted(hub.uri())))
                      .withRetryPause(Duration.ofMillis(1))),
              Wiring.Environment.of(clock, Runnable::run, timer).withSockets(sockets))
          .upstream();

  @BeforeEach
  void fill() {
    for (int i = 0; i < 10; i++) {
      hub.repo("model", "acme/x" + i).commit("first", "a.txt", DevFile.text("a"));
    }
  }

  @AfterEach
  void stop() {
    upstream.close();
    timer.shutdownNow();
    hub.close();
  }

  private UpstreamResult<RepoInfoAnswer> confirm(int repo) {
    return upstream.confirm(
        new RepoId(RepoType.MODEL, "acme/x" + repo), Optional.empty(), Caller.ANONYMOUS);
  }

  private UpstreamFailure.Kind failure(int repo) {
    return failed(repo).kind();
  }

  private UpstreamFailure failed(int repo) {
    return UpstreamResults.failure(confirm(repo));
  }

  static Stream<IOException> failures() {
    return Stream.of(
        new SocketException("Too many open files"),
        new SocketException("Too many open files in system"),
        new IOException("unexpected", new SocketException("Too many open files")),
        new NoRouteToHostException("Cannot assign requested address"),
        new UnknownHostException("huggingface.co: System error"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  @Tag("slow")
  void that_is_no_outage_of_the_hub(IOException e) {
    sockets.failure.set(Optional.of(e));
    for (int i = 0; i < 10; i++) {
      assertThat(failed(i).kind()).isEqualTo(UpstreamFailure.Kind.BUSY);
      assertThat(failed(i).isTransient()).as("or the question may be late").isFalse();
    }
    assertThat(upstream.isUnavailable()).isFalse();
    assertThat(upstream.state()).isEqualTo(UpstreamState.REACHABLE);
    sockets.failure.set(Optional.empty());
    assertThat(confirm(0)).isInstanceOf(UpstreamResult.Value.class);
  }

  @Test
  void it_does_not_end_an_outage_either() {
    sockets.failure.set(Optional.of(new ConnectException("Connection refused")));
    for (int i = 0; i < 5; i++) {
      assertThat(failure(i)).isEqualTo(UpstreamFailure.Kind.UNREACHABLE);
    }
    assertThat(upstream.isUnavailable()).isTrue();
    clock.pass(Duration.ofSeconds(5));
    sockets.failure.set(Optional.of(new SocketException("Too many open files")));
    assertThat(failure(0)).isEqualTo(UpstreamFailure.Kind.BUSY);
    assertThat(upstream.isUnavailable()).isTrue();
  }

  /** A batch call of Git LFS, which is not made again for a while when the Hub rejects it. */
  @ParameterizedTest
  @ValueSource(strings = {"Too many open files", "Connection refused"})
  void a_call_that_was_not_sent_does_not_end_such_calls(String message) throws IOException {
    Map<String, DevFile> files = new HashMap<>();
    for (int i = 0; i < 4; i++) {
      files.put(i + ".bin", DevFile.lfsGenerated(i, 100));
    }
    CommitHash commit = new CommitHash(hub.repo("model", "acme/lfs").commit("first", files));
    List<CommitFiles.Named> all =
        files.entrySet().stream()
            .map(e ->
                new CommitFiles.Named(
                    new FilePath(e.getKey()),
                    new BlobId(new Digest.Sha256(e.getValue().sha256()), e.getValue().size())))
            .toList();
    BlobSource source =
        upstream.source(
            new RepoId(RepoType.MODEL, "acme/lfs"),
            commit,
            all.getFirst().path(),
            all.getFirst().blob(),
            Caller.ANONYMOUS,
            limit -> all);
    sockets.failure.set(
        Optional.of(
            message.startsWith("Conn")
                ? new ConnectException(message)
                : new SocketException(message)));
    assertThat(source.open(ByteRange.Span.all(100))).isInstanceOf(UpstreamResult.Failed.class);

    sockets.failure.set(Optional.empty());
    UpstreamResults.value(source.open(ByteRange.Span.all(100))).stream().close();
    assertThat(hub.counters().requests(Route.LFS_BATCH)).isEqualTo(1);
    assertThat(hub.counters().requests(Route.RESOLVE)).isZero();
  }

  /** A name server that does not answer is as good as a Hub that does not. */
  @Test
  void a_name_that_is_not_resolved_is_an_outage() {
    sockets.failure.set(
        Optional.of(new UnknownHostException("huggingface.co: Name or service not known")));
    assertThat(failure(0)).isEqualTo(UpstreamFailure.Kind.UNREACHABLE);
  }

  /** Makes sockets unless it has an exception to throw. */
  private static final class FailingSockets extends SocketFactory {
    private final AtomicReference<Optional<IOException>> failure =
        new AtomicReference<>(Optional.empty());

    @Override
    public Socket createSocket() throws IOException {
      if (failure.get().isPresent()) {
        throw failure.get().get();
      }
      return new Socket();
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) {
      throw new UnsupportedOperationException();
    }
  }
}

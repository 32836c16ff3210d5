package io.intrahub.cli.doctor;

import io.intrahub.cli.command.OperatorListener;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Reads what a mirror counts, from its operator's listener. For one thread. */
final class MirrorMetrics implements AutoCloseable {
  private static final int MAX_TEXT = 4 << 20;
  private static final long LOOK_AGAIN_MILLIS = 50;

  private final HttpClient http = OperatorListener.client();
  private final URI operator;

  MirrorMetrics(URI operator) {
    this.operator = operator;
  }

  /** Requests to upstream since the start. */
  long upstreamRequests() throws IOException, InterruptedException {
    return (long) value("intrahub_upstream_requests_total");
  }

  /** Waits until the mirror has no background work, or the time is over. */
  void awaitIdle(Duration atMost) throws IOException, InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    while (value("intrahub_tasks_running") > 0 && System.nanoTime() < end) {
      Thread.sleep(LOOK_AGAIN_MILLIS);
    }
  }

  private double value(String name) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(operator.resolve("/metrics"))
            .timeout(OperatorListener.PATIENCE)
            .build();
    try (InputStream in = http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body()) {
      String text = new String(in.readNBytes(MAX_TEXT), StandardCharsets.UTF_8);
      return text.lines()
          .filter(line -> line.startsWith(name + " "))
          .findFirst()
          .map(line -> Double.valueOf(line.substring(name.length() + 1)))
          .orElseThrow(() -> new IOException("the mirror at " + operator + " has no " + name));
    } catch (NumberFormatException e) {
      throw new IOException("the mirror at " + operator + " has no number for " + name, e);
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}

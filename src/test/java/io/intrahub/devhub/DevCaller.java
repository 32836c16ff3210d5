package io.intrahub.devhub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A plain HTTP client that follows nothing, retries nothing and reads every body whole. */
final class DevCaller {
  record Answer(int status, Headers headers, byte[] body) {
    Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name));
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    JsonNode json() {
      return JsonMapper.shared().readTree(body);
    }
  }

  private final OkHttpClient client =
      new OkHttpClient.Builder()
          .followRedirects(false)
          .retryOnConnectionFailure(false)
          .readTimeout(Duration.ofSeconds(20))
          .build();
  private final URI base;
  private final List<String> always;

  DevCaller(URI base, String... headers) {
    this.base = base;
    this.always = List.of(headers);
  }

  DevCaller as(String token) {
    return new DevCaller(base, "Authorization", "Bearer " + token);
  }

  Answer get(String target, String... headers) {
    return send(request(target, headers).build());
  }

  Answer head(String target, String... headers) {
    return send(request(target, headers).head().build());
  }

  Answer post(String target, String contentType, String body, String... headers) {
    return send(
        request(target, headers)
            .post(RequestBody.create(body, MediaType.parse(contentType)))
            .build());
  }

  /** GET, then GET of each Location, without credentials off the first origin. */
  Answer follow(String target, String... headers) {
    Answer answer = get(target, headers);
    for (int i = 0; i < 5 && answer.header("Location").isPresent(); i++) {
      answer = get(answer.header("Location").get(), headers);
    }
    return answer;
  }

  /** As {@link #get}, with the failure as a value. */
  Optional<IOException> failure(String target, String... headers) {
    try (Response response = client.newCall(request(target, headers).build()).execute()) {
      response.body().bytes();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e);
    }
  }

  private Request.Builder request(String target, String... headers) {
    Request.Builder request = new Request.Builder();
    request.url(target.startsWith("http") ? target : base + target);
    request.header("Accept-Encoding", "identity");
    add(request, always);
    add(request, List.of(headers));
    return request;
  }

  private static void add(Request.Builder request, List<String> headers) {
    for (int i = 0; i < headers.size(); i += 2) {
      request.addHeader(headers.get(i), headers.get(i + 1));
    }
  }

  private Answer send(Request request) {
    try (Response response = client.newCall(request).execute()) {
      return new Answer(response.code(), response.headers(), response.body().bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Map<String, DevFile> files(Object... pathsAndFiles) {
    Map<String, DevFile> files = new LinkedHashMap<>();
    for (int i = 0; i < pathsAndFiles.length; i += 2) {
      files.put((String) pathsAndFiles[i], (DevFile) pathsAndFiles[i + 1]);
    }
    return files;
  }
}

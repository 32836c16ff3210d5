package io.intrahub.upstream.hub;

import io.intrahub.hub.ByteRange;
import io.intrahub.metrics.Meters;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Response;

/**
 * Whether answers send what was announced of a file: the right range of a content of the right
 * size, not encoded.
 *
 * @param budget of attempts that the reading of the content draws on
 */
record ContentAnswers(DownloadLocations.Key file, Meters meters, RetryBudget budget) {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  /**
   * The content that an answer sends, or why it can't be used.
   *
   * @param response belongs to the result if that is a content, else to the caller
   * @param span that was requested
   */
  UpstreamResult<BlobSource.Opened> open(Response response, ByteRange.Span span)
      throws IOException {
    String encoding = response.header("Content-Encoding", "identity");
    if (!"identity".equals(encoding)) {
      return FailureClassifier.unexpected(
          "it encodes the content of " + file.path() + " although identity was requested");
    }
    long length = response.body().contentLength();
    long skip;
    long promised;
    if (response.code() == 206) {
      Matcher range = CONTENT_RANGE.matcher(String.valueOf(response.header("Content-Range")));
      if (!range.matches()
          || Long.parseLong(range.group(1)) != span.offset()
          || Long.parseLong(range.group(2)) != span.end() - 1
          || Long.parseLong(range.group(3)) != file.blob().size()) {
        return FailureClassifier.unexpected(
            "it sends another range of " + file.path() + " than was requested");
      }
      skip = 0;
      promised = span.length();
    } else if (response.code() == 200) {
      skip = span.offset();
      promised = file.blob().size();
    } else {
      return new UpstreamResult.Failed<>(FailureClassifier.of(response));
    }
    if (length >= 0 && length != promised && FailureClassifier.isPage(response)) {
      return FailureClassifier.unexpected(FailureClassifier.PAGE);
    }
    if (length >= 0 && length != promised) {
      return FailureClassifier.unexpected(
          "it sends "
              + length
              + " bytes of "
              + file.path()
              + " where "
              + promised
              + " were announced");
    }
    boolean ranged = response.code() == 206 || span.length() == file.blob().size();
    return new UpstreamResult.Value<>(
        new BlobSource.Opened(
            new HttpStream(response, skip, span.length(), meters, budget), ranged));
  }
}

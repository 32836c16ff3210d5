package io.intrahub.upstream.hub;

import java.io.IOException;
import java.io.OutputStream;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/** The body of a POST, written straight to the connection. It announces its length. */
final class SentBody extends RequestBody {
  private final ApiRequest.Body body;

  SentBody(ApiRequest.Body body) {
    this.body = body;
  }

  @Override
  public @Nullable MediaType contentType() {
    return MediaType.parse(body.contentType());
  }

  @Override
  public long contentLength() throws IOException {
    Counter counter = new Counter();
    body.content().writeTo(counter);
    return counter.bytes;
  }

  @Override
  public void writeTo(BufferedSink sink) throws IOException {
    body.content().writeTo(sink.outputStream());
  }

  /** Counts bytes and drops them. */
  private static final class Counter extends OutputStream {
    private long bytes;

    @Override
    public void write(int b) {
      bytes++;
    }

    @Override
    public void write(byte[] from, int offset, int length) {
      bytes += length;
    }
  }
}

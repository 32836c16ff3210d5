package io.intrahub.devhub;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** Writes one answer with all its faults. One use each, by the request's thread. */
final class Sender {
  static final int CHUNK = 1 << 16;

  private final DevExchange exchange;
  private final Reply reply;
  private final FaultPlan plan;
  private final Recorded record;
  private final DevCounters counters;
  private final DevWaiting devWaiting;
  private final Standstill standstill;

  Sender(
      DevExchange exchange,
      Reply reply,
      FaultPlan plan,
      Recorded record,
      DevCounters counters,
      DevWaiting devWaiting,
      Standstill standstill) {
    this.exchange = exchange;
    this.reply = reply;
    this.plan = plan;
    this.record = record;
    this.counters = counters;
    this.devWaiting = devWaiting;
    this.standstill = standstill;
  }

  void send() throws IOException, InterruptedException {
    record.answered(reply.status());
    List<Reply.Header> headers = new ArrayList<>(reply.headers());
    boolean unsized = plan.gzip || plan.noLength;
    if (plan.gzip && reply.body().isPresent()) {
      headers.add(new Reply.Header("Content-Encoding", "gzip"));
    }
    exchange.head(reply.status(), headers);
    if (reply.body().isEmpty()) {
      return;
    }
    Reply.Body body = reply.body().get();
    plan.place(body);
    if (!unsized) {
      exchange.contentLength(
          plan.wrongLength >= 0 ? plan.wrongLength : body.length() + plan.extraBytes);
    }
    if (record.method().equals("HEAD")) {
      return;
    }
    if (!plan.lines.isEmpty()) {
      // The head first, so that all that the system takes from now on is body.
      exchange.output().flush();
      record.bodyBegins(exchange.taken(), exchange.full());
    }
    try {
      write(body, unsized);
    } finally {
      record.bodyEnds();
    }
  }

  private void write(Reply.Body body, boolean unsized) throws IOException, InterruptedException {
    long natural =
        Math.min(body.length(), plan.wrongLength >= 0 ? plan.wrongLength : Long.MAX_VALUE);
    long total = natural + (plan.wrongLength >= 0 ? 0 : plan.extraBytes);
    long stop = Math.min(total, plan.stopAfter);
    OutputStream network = exchange.output();
    OutputStream out = plan.gzip ? new GZIPOutputStream(network, CHUNK, true) : network;
    byte[] buffer = new byte[CHUNK];
    boolean stalled = plan.stall.isEmpty();
    long sent = 0;
    while (true) {
      if (!stalled && sent >= Math.min(plan.stallAfter, stop)) {
        out.flush();
        stalled = true;
        plan.stall.get().pass();
      }
      if (sent >= stop) {
        break;
      }
      long end = stalled ? stop : Math.min(stop, plan.stallAfter);
      int n = fill(body, sent, natural, buffer, (int) Math.min(step(), end - sent));
      // Counted first: a client that has the bytes must find them counted.
      counters.sending(record, n);
      standstill.pass();
      out.write(buffer, 0, n);
      sent += n;
      for (Line line : plan.lines) {
        out.flush();
        long now = devWaiting.now();
        devWaiting.until(now + line.carry(n, now));
      }
    }
    finish(out, sent < total || plan.wrongLength > total, unsized);
  }

  private void finish(OutputStream out, boolean early, boolean unsized) throws IOException {
    if (early) {
      out.flush();
      if (plan.reset) {
        exchange.reset();
      } else {
        exchange.close();
      }
    } else if (unsized) {
      out.close();
    }
  }

  private long step() {
    return plan.lines.stream().mapToLong(Line::step).min().orElse(CHUNK);
  }

  private int fill(Reply.Body body, long at, long natural, byte[] buffer, int length) {
    if (at >= natural) {
      Arrays.fill(buffer, 0, length, (byte) 'x');
      return length;
    }
    int n = (int) Math.min(length, natural - at);
    body.content().read(body.offset() + at, buffer, 0, n);
    if (plan.otherBytes) {
      for (int i = 0; i < n; i++) {
        buffer[i] ^= 0x33;
      }
    }
    long wrong = plan.wrongByteAt - body.offset() - at;
    if (plan.wrongByteAt >= 0 && wrong >= 0 && wrong < n) {
      buffer[(int) wrong] ^= 0x5a;
    }
    return n;
  }
}

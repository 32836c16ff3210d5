package io.intrahub.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Hub of repos with any number of files, of which it makes up the names while it sends them: it
 * needs no memory for them. It knows repo info and listings, and no files.
 */
public final class ListingHub implements AutoCloseable {
  /** The commit of all repos. */
  public static final String COMMIT = "c".repeat(40);

  /** Folders in {@code data}. */
  private static final int FOLDERS = 100;

  private static final Pattern TREE = Pattern.compile("/api/(?:models|datasets)/(.+)/tree/[^/]+");
  private static final Pattern INFO =
      Pattern.compile("/api/(?:models|datasets)/([^/]+/[^/]+)(/revision/.*)?");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final int files;
  private final int pageSize;
  private final AtomicInteger listings = new AtomicInteger();
  private volatile PageWriter writer = this::write;

  /** Writes the entries of a page, without the brackets around them. */
  public interface PageWriter {
    /**
     * Writes them.
     *
     * @param call the number of this call for a page, from 1
     * @param from the first file's number
     * @param end behind the last file's number
     */
    void write(int call, int from, int end, Writer to) throws IOException;
  }

  /**
   * Starts it.
   *
   * @param files of each repo
   * @param pageSize entries of a page
   */
  public ListingHub(int files, int pageSize) throws IOException {
    this.files = files;
    this.pageSize = pageSize;
    this.server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** Its address. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Has the entries of pages written in another way. */
  public void pages(PageWriter other) {
    writer = other;
  }

  /** Number of calls for a page so far. */
  public int listings() {
    return listings.get();
  }

  /** The name of a file: they are in no order. */
  public static String path(int number) {
    return "data/%02d/part-%08x.csv".formatted(number % FOLDERS, Integer.reverse(number));
  }

  /** One entry of a listing. */
  public static String entry(int number) {
    return "{\"type\":\"file\",\"oid\":\"%040x\",\"size\":%d,\"path\":\"%s\"}"
        .formatted(number, number, path(number));
  }

  private static String folder(String path) {
    return "{\"type\":\"directory\",\"oid\":\"%040x\",\"size\":0,\"path\":\"%s\"}"
        .formatted(path.hashCode(), path);
  }

  /** Writes entries as they are, and on the first page those of the folders before them. */
  public void writeWithFolders(int call, int from, int end, Writer to) throws IOException {
    if (from == 0) {
      to.write(folder("data") + ",");
      for (int i = 0; i < Math.min(FOLDERS, end); i++) {
        to.write(folder("data/%02d".formatted(i)) + ",");
      }
    }
    write(call, from, end, to);
  }

  /** Writes entries as they are. */
  public void write(int call, int from, int end, Writer to) throws IOException {
    for (int i = from; i < end; i++) {
      to.write(i == from ? "" : ",");
      to.write(entry(i));
    }
  }

  private void answer(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    Matcher tree = TREE.matcher(path);
    Matcher info = INFO.matcher(path);
    try (exchange) {
      exchange.getResponseHeaders().add("Content-Type", "application/json; charset=utf-8");
      exchange.getResponseHeaders().add("X-Repo-Commit", COMMIT);
      if (tree.matches()) {
        page(exchange, path);
      } else if (info.matches()) {
        send(
            exchange,
            200,
            "{\"id\":\"%s\",\"sha\":\"%s\",\"private\":false,\"gated\":false}"
                .formatted(info.group(1), COMMIT));
      } else {
        exchange.getResponseHeaders().add("X-Error-Code", "EntryNotFound");
        exchange.getResponseHeaders().add("X-Error-Message", "Entry not found");
        send(exchange, 404, "");
      }
    } catch (IOException e) {
      // The mirror hung up, or the page breaks off on purpose.
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    if (bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
    }
  }

  private void page(HttpExchange exchange, String path) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    int cursor = query.indexOf("cursor=");
    int from = cursor < 0 ? 0 : Integer.parseInt(query.substring(cursor + 7));
    int end = Math.min(files, from + pageSize);
    if (end < files) {
      exchange
          .getResponseHeaders()
          .add("Link", "<%s%s?cursor=%d>; rel=\"next\"".formatted(uri(), path, end));
    }
    exchange.sendResponseHeaders(200, 0);
    Writer to =
        new BufferedWriter(
            new OutputStreamWriter(exchange.getResponseBody(), StandardCharsets.UTF_8), 16_384);
    to.write("[");
    writer.write(listings.incrementAndGet(), from, end, to);
    to.write("]");
    to.flush();
    exchange.getResponseBody().close();
  }

  /** Breaks the answer off that is being written to this. */
  public static void breakOff(Writer to) throws IOException {
    to.flush();
    throw new IOException("broken off on purpose");
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    try {
      threads.close();
    } catch (RuntimeException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}

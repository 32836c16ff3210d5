package io.intrahub.devhub;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;

/** One request and its connection, as the server library shows them. Used by one thread. */
final class DevExchange {
  private final Context context;
  private final ServletContextRequest request;

  DevExchange(Context context) {
    this.context = context;
    this.request = ServletContextRequest.getServletContextRequest(context.req());
  }

  Incoming incoming() {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    for (HttpField field : request.getHeaders()) {
      headers
          .computeIfAbsent(field.getName().toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
          .add(field.getValue() == null ? "" : field.getValue());
    }
    String query = request.getHttpURI().getQuery();
    return new Incoming(
        WebServer.CDN.equals(request.getConnectionMetaData().getConnector().getName()),
        Request.getRemotePort(request),
        request.getMethod(),
        context.path(),
        query == null ? "" : query,
        Collections.unmodifiableMap(headers),
        context::bodyAsBytes);
  }

  /** Sets the head of the answer; it goes out with the first byte or the end. */
  void head(int status, List<Reply.Header> headers) {
    Response response = request.getServletContextResponse();
    response.setStatus(status);
    // Javalin has put its own default there; a 304 must not carry any.
    response.getHeaders().remove("Content-Type");
    headers.forEach(h -> response.getHeaders().add(h.name(), h.value()));
  }

  void contentLength(long length) {
    context.res().setContentLengthLong(length);
  }

  OutputStream output() throws IOException {
    return context.res().getOutputStream();
  }

  /** How much the system has taken from this connection, heads and all; for all threads. */
  LongSupplier taken() {
    // Connections are made by our own listeners only.
    return ((CountedEndPoint) endPoint())::taken;
  }

  /** Whether the system holds all that it can of this connection; for all threads. */
  BooleanSupplier full() {
    return ((CountedEndPoint) endPoint())::full;
  }

  /** Ends the connection as a server does that stops early: what was written still arrives. */
  void close() {
    endPoint().close();
  }

  /** Ends the connection with a TCP reset. */
  void reset() {
    EndPoint end = endPoint();
    if (end instanceof SocketChannelEndPoint socket) {
      try {
        socket.getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
      } catch (IOException e) {
        end.close(e);
        return;
      }
    }
    end.close();
  }

  private EndPoint endPoint() {
    return request.getConnectionMetaData().getConnection().getEndPoint();
  }
}

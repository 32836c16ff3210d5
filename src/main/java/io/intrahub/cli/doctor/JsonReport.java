package io.intrahub.cli.doctor;

import java.io.PrintWriter;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Collects the results for one JSON object. For one thread. */
public final class JsonReport implements Consumer<Checkup.Result> {
  private final ObjectNode report = JsonMapper.shared().createObjectNode();
  private final ArrayNode checks = report.putArray("checks");

  @Override
  public void accept(Checkup.Result result) {
    Finding finding = result.finding();
    ObjectNode check =
        checks
            .addObject()
            .put("name", result.name())
            .put("status", finding.status().word())
            .put("summary", finding.summary())
            .put("milliseconds", result.took().toMillis());
    ArrayNode advice = check.putArray("advice");
    finding.advice().stream().filter(one -> !one.isEmpty()).forEach(advice::add);
  }

  /** Prints everything. */
  public void print(PrintWriter out) {
    out.println(report.toPrettyString());
    out.flush();
  }
}

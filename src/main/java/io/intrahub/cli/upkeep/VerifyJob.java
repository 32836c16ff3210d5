package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoredNames;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.FsStore;
import io.intrahub.transfer.limits.BandwidthLimiter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Blobs to be checked.
 *
 * @param repos whose blobs are checked; empty: all blobs of the store
 * @param bytesPerSecond how fast they are read; 0: as fast as they come
 */
record VerifyJob(List<RepoId> repos, long bytesPerSecond) implements UpkeepJob {
  static final String NAME = "verify";

  VerifyJob {
    repos = List.copyOf(repos);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public byte[] toJson() {
    ObjectNode json = JsonMapper.shared().createObjectNode().put("bytesPerSecond", bytesPerSecond);
    repos.forEach(repo -> json.withArray("repos").add(RepoNames.of(repo)));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  static Optional<VerifyJob> ofJson(byte[] request) {
    try {
      JsonNode json = JsonMapper.shared().readTree(request);
      List<RepoId> repos = new ArrayList<>();
      for (JsonNode text : json.path("repos")) {
        Optional<RepoId> repo = RepoNames.parse(text.asString());
        if (repo.isEmpty()) {
          return Optional.empty();
        }
        repos.add(repo.get());
      }
      long rate = json.path("bytesPerSecond").asLong(-1);
      return rate < 0 ? Optional.empty() : Optional.of(new VerifyJob(repos, rate));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  @Override
  public void run(UpkeepStore upkeep, ReportOutput output) throws CommandException, IOException {
    FsStore store = upkeep.store();
    for (RepoId repo : repos) {
      if (!store.scrubber().isStored(repo)) {
        throw new CommandException(
            ExitCode.NOT_FOUND,
            StoredNames.sentence(
                "Nothing is stored of "
                    + RepoNames.of(repo)
                    + RepoNames.hint(repo, store.readOnly().repos())));
      }
    }
    VerifyReport report =
        new VerifyReport(
            output,
            new BandwidthLimiter(bytesPerSecond, System::nanoTime),
            repos.isEmpty() ? store.readOnly().publishedBytes() : 0);
    new VerifyRun(upkeep, output, report, System::nanoTime).check(repos);
  }
}

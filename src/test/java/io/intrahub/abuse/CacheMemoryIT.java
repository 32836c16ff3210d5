package io.intrahub.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.mirror.FilledAnswers;
import io.intrahub.mirror.FilledCaches;
import io.intrahub.store.fs.FilledFiles;
import io.intrahub.upstream.hub.FilledUpstream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Full caches in processes of their own: what they take of the heap is what {@code base.CacheSizes}
 * says, and for the others what {@code FixedCaches} says.
 */
class CacheMemoryIT {
  /** Of what a cache may take: tables grow by doubling, and evictions lag behind. */
  private static final double TOLERANCE = 1.15;

  private static final List<Class<?>> MAINS =
      List.of(FilledCaches.class, FilledAnswers.class, FilledUpstream.class, FilledFiles.class);

  @TempDir private Path folder;

  @ParameterizedTest(name = "{0} MiB")
  @ValueSource(ints = {192, 512})
  void filled_caches_take_what_they_may(int heap) throws Exception {
    for (Class<?> main : MAINS) {
      List<String> lines = run(main, heap);
      assertThat(lines).hasSizeGreaterThan(1);
      for (String line : lines) {
        System.out.println("CacheMemoryIT: " + heap + " MiB: " + line);
        String[] fields = line.split(" ");
        assertThat(Long.parseLong(fields[2]))
            .as("%s at -Xmx%dm", line, heap)
            .isPositive()
            .isLessThan((long) (Long.parseLong(fields[1]) * TOLERANCE));
      }
    }
  }

  private List<String> run(Class<?> main, int heap) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap + "m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                folder.resolve(main.getSimpleName() + heap).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out.lines().toList();
  }
}

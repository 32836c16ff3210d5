package io.intrahub.cli.pull;

import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * A bar for each file that is being fetched and one for all, with rate and time left, on a
 * terminal. Safe for use by many threads.
 */
final class BarProgress implements PullProgress {
  /** The bar of a smaller file would be gone before anybody could read it. In bytes. */
  private static final long SMALL = 4L << 20;

  private static final int INTERVAL_MILLIS = 250;

  /** Columns of a name; few on a narrow terminal, or rate and time left would be cut off. */
  private static final int NAME = 32;

  private static final int SHORT_NAME = 16;
  private static final int NARROW = 100;

  private final BarArea area;
  private final int width;
  private final int nameWidth;
  private final int files;
  private final ProgressBar total;

  /** Guarded by this. */
  private int ended;

  /** The files of the workers. Each worker reads and writes its own only. */
  private final Shown[] shown;

  /** One file. For one thread. */
  private static final class Shown {
    private final String name;
    private final @Nullable ProgressBar bar;
    private long bytes;

    Shown(String name, @Nullable ProgressBar bar) {
      this.name = name;
      this.bar = bar;
    }
  }

  /**
   * Begins to draw.
   *
   * @param width of the terminal, in characters
   * @param files that are to be fetched
   * @param bytes of these files
   */
  BarProgress(PrintWriter terminal, int width, int workers, int files, long bytes) {
    this.area = new BarArea(terminal, workers + 1);
    this.width = width - 1;
    this.nameWidth = width < NARROW ? SHORT_NAME : NAME;
    this.files = files;
    this.shown = new Shown[workers];
    this.total = bar(workers, "total", bytes);
    total.setExtraMessage(ended(0));
  }

  private ProgressBar bar(int line, String name, long bytes) {
    return new ProgressBarBuilder()
        .setTaskName(fit(name))
        .setInitialMax(bytes)
        .setUpdateIntervalMillis(INTERVAL_MILLIS)
        .continuousUpdate()
        .setStyle(ProgressBarStyle.ASCII)
        .setUnit("MiB", 1L << 20)
        .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
        // With a width of its own the library does not open the terminal.
        .setConsumer(new DelegatingProgressBarConsumer(text -> area.set(line, text), width))
        .build();
  }

  /** The end of a path says more than its beginning. */
  private String fit(String name) {
    return name.length() > nameWidth
        ? "..." + name.substring(name.length() - nameWidth + 3)
        : name + " ".repeat(nameWidth - name.length());
  }

  private String ended(int count) {
    return " " + count + "/" + files + (nameWidth == SHORT_NAME ? "" : " files");
  }

  @Override
  public void begin(int worker, String name, long size) {
    shown[worker] = new Shown(name, size < SMALL ? null : bar(worker, name, size));
  }

  @Override
  public void at(int worker, long bytes) {
    Shown file = shown[worker];
    Optional.ofNullable(file.bar).ifPresent(bar -> bar.stepTo(bytes));
    total.stepBy(bytes - file.bytes);
    file.bytes = bytes;
  }

  @Override
  public void done(int worker) {
    end(worker);
  }

  @Override
  public void failed(int worker, String why) {
    if (!why.isEmpty()) {
      area.print("intrahub: " + shown[worker].name + ": " + why + ".");
    }
    end(worker);
  }

  private void end(int worker) {
    Optional.ofNullable(shown[worker].bar).ifPresent(ProgressBar::close);
    area.set(worker, "");
    synchronized (this) {
      ended++;
      total.setExtraMessage(ended(ended));
    }
  }

  @Override
  public void close() {
    for (Shown file : shown) {
      if (file != null && file.bar != null) {
        file.bar.close();
      }
    }
    total.close();
    area.close();
  }
}

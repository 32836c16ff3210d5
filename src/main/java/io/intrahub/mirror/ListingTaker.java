package io.intrahub.mirror;

import io.intrahub.hub.json.EntryJson;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.upstream.hub.ListingPage;
import java.io.IOException;

/** Passes the entries of one listing on to the store. Owner: the thread that learns it. */
final class ListingTaker implements ListingPage.Receiver {
  private final ManifestWriter writer;
  private final int limit;

  /** Entries of whole pages. */
  private int before;

  /** Entries of the present page so far. */
  private int onPage;

  private boolean full;

  ListingTaker(ManifestWriter writer, int limit) {
    this.writer = writer;
    this.limit = limit;
  }

  @Override
  public void begin() {
    writer.rewind();
    onPage = 0;
  }

  @Override
  public void take(EntryJson.Sent sent) throws IOException {
    if (before + onPage == limit) {
      full = true;
      throw new IOException("the listing has more than " + limit + " entries");
    }
    writer.add(new ManifestEntry(sent.entry(), sent.json()));
    onPage++;
  }

  /** Entries of the present page. */
  int onPage() {
    return onPage;
  }

  /** Counts the present page; false when it brought nothing. */
  boolean endPage() {
    writer.mark();
    before += onPage;
    return onPage > 0;
  }

  /** Whether the listing has more entries than are learned. */
  boolean isFull() {
    return full;
  }
}

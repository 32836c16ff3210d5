package io.intrahub.upstream.hub;

import io.intrahub.hub.json.EntryJson;
import java.io.IOException;

/** A page of a listing that upstream answered with, and how its receiver took it. */
public sealed interface ListingPage {
  /**
   * The receiver took the whole page.
   *
   * @param entries how many it had, those with unusable paths included
   * @param next the page behind it
   */
  record Whole(int entries, ApiUpstream.NextPage next) implements ListingPage {}

  /**
   * The receiver can't have the page, which was not read to its end.
   *
   * @param failure what the receiver threw, or what is unknown about the shape of the page
   */
  record NotTaken(IOException failure) implements ListingPage {}

  /** Takes the entries of a page as they arrive. */
  interface Receiver extends EntryJson.Receiver {
    /**
     * The page is read from its first entry on. Called again when a page broke off and is asked for
     * once more: what was taken of it before does not count.
     *
     * @throws IOException ends the reading, as in {@link #take}
     */
    void begin() throws IOException;
  }
}

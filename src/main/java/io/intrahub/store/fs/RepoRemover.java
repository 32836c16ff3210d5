package io.intrahub.store.fs;

import io.intrahub.store.RepoStore;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.blobs.EvictablePublishedBlobs;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.ManifestPlacements;
import io.intrahub.store.fs.partial.PartialBlobs;
import java.io.IOException;
import java.util.List;

/**
 * Removes repos and revisions, for the operator. The store may serve clients meanwhile. Safe for
 * use by many threads.
 */
public final class RepoRemover {
  private final Disk disk;
  private final StoreLayout layout;
  private final RepoStore repos;
  private final ManifestPlacements manifests;
  private final EvictablePublishedBlobs published;
  private final PartialBlobs partials;
  private final RemovalPlanner planner;

  RepoRemover(
      Disk disk,
      StoreLayout layout,
      RepoStore repos,
      ManifestPlacements manifests,
      EvictablePublishedBlobs published,
      PartialBlobs partials) {
    this.disk = disk;
    this.layout = layout;
    this.repos = repos;
    this.manifests = manifests;
    this.published = published;
    this.partials = partials;
    this.planner = new RemovalPlanner(disk, layout);
  }

  /**
   * Finds out what would go and what stays, and removes nothing yet. Takes as long as reading all
   * manifests.
   *
   * @return to be closed by the thread that called this
   * @throws IOException if the revisions or the manifests of the targets can't be read
   */
  public RepoRemoval begin(List<Target> targets) throws IOException {
    // Before anything is read, so that each manifest is either read or noted.
    ManifestPlacements.Watch newManifests = manifests.watch();
    boolean begun = false;
    try {
      RemovableBlobs blobs = new RemovableBlobs(disk, layout);
      RemovalPlan plan = planner.plan(targets, blobs);
      begun = true;
      return new RepoRemoval(
          disk, layout, repos, published, partials, planner, newManifests, plan, blobs);
    } finally {
      if (!begun) {
        newManifests.close();
      }
    }
  }
}

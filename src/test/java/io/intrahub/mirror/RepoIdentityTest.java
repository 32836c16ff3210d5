package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.TestGrants;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.hub.CommitHash;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A repo is deleted, and another one gets its name. */
class RepoIdentityTest {
  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig rig = new MirrorRig(hub);

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  @Test
  void a_listing_of_the_earlier_repo_that_arrives_late_is_not_stored_for_the_new_one()
      throws Exception {
    CommitHash old =
        new CommitHash(hub.repo("model", "acme/x").commit("old", "old.txt", DevFile.text("old")));
    Stall stall = hub.faults().on(Route.TREE).times(1).stallAfter(10);
    assertThat(rig.info()).isInstanceOf(ApiReply.Ok.class);
    Thread listing = Thread.ofVirtual().start(() -> rig.tree(MirrorRig.everything()));
    stall.awaitReached(1);

    hub.delete("model", "acme/x");
    DevRepo made = hub.repo("model", "acme/x");
    made.commit("new", "new.txt", DevFile.text("new"));
    rig.clock.pass(Duration.ofMinutes(11));
    assertThat(rig.info()).isInstanceOf(ApiReply.Ok.class);
    assertThat(rig.store.repos().internalId(MirrorRig.REPO)).contains(made.internalId());
    stall.release();
    listing.join();
    rig.settle();
    assertThat(rig.store.repos().manifest(TestGrants.everybody(MirrorRig.REPO), old)).isEmpty();
  }
}

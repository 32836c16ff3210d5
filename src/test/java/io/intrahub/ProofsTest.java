package io.intrahub;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noConstructors;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.access.Authority;
import io.intrahub.access.EventOrder;
import io.intrahub.access.Grant;
import io.intrahub.access.OutageEvidence;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.access.RemovedEvidence;
import io.intrahub.access.RuleEvidence;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobImporter;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.Scratch;
import io.intrahub.store.fs.BlobReferences;
import io.intrahub.store.fs.BlobScrubber;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.RepoRemoval;
import io.intrahub.store.fs.RepoRemover;
import io.intrahub.store.fs.StoreTrimmer;
import io.intrahub.transfer.Transfers;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What the checker believes, and what the store believes of the checker, can be made in one place
 * each: else any new route could make its own right to read.
 */
class ProofsTest {
  private static final String ASKS = "io.intrahub.mirror.GrantRenewals";
  private static final String TOMBSTONES = "io.intrahub.mirror.RemovedRepos";

  private static final String RULES = "io.intrahub.mirror.SiteRules";
  private static final String BINDS = "io.intrahub.mirror.EntryLookup";
  private static final String ANSWERS = "io.intrahub.mirror.ResolveFile";

  /** Learns from an authoritative endpoint's paths-info of the repo itself. */
  private static final String GATHERS = "io.intrahub.mirror.GatheredPaths";

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.intrahub");

  @Test
  void only_upstreams_adapters_witness_an_anonymous_read() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.intrahub.upstream.hub")
            .should()
            .accessTargetWhere(uses(ReadEvidence.class, "witnessed"))
            .because("only they know which token went with the call"));
  }

  @Test
  void only_the_checker_makes_proofs() {
    check(
        noClasses()
            .that()
            .doNotBelongToAnyOf(AccessChecker.class)
            .should()
            .accessTargetWhere(uses(Authorised.class, JavaConstructor.CONSTRUCTOR_NAME))
            .because("the store hands out content against nothing else"));
  }

  /** Else a digest would be a right: whoever knew one could read it through any public repo. */
  @Test
  void only_the_lookup_of_a_repos_files_makes_proofs_for_blobs() {
    check(
        noClasses()
            .that()
            .doNotBelongToAnyOf(AccessChecker.class)
            .should()
            .accessTargetWhere(uses(AuthorisedBlob.class, JavaConstructor.CONSTRUCTOR_NAME))
            .because("the store opens blobs against nothing else"));
    check(
        noClasses()
            .that()
            .doNotHaveFullyQualifiedName(BINDS)
            .should()
            .accessTargetWhere(uses(AccessChecker.class, "blob"))
            .because("only it knows that the repo names the blob"));
    check(
        noClasses()
            .that()
            .doNotHaveFullyQualifiedName(ANSWERS)
            .and()
            .doNotHaveFullyQualifiedName(GATHERS)
            .should()
            .accessTargetWhere(
                describe(
                    "use EntryLookup.learn",
                    access ->
                        access.getTargetOwner().getName().equals(BINDS)
                            && access.getName().equals("learn")))
            .because("only these have upstream's own answer about the file"));
  }

  @Test
  void content_opens_only_against_a_proof_for_the_blob() {
    for (Class<?> opens : List.of(PublishedBlobs.class, Scratch.class, Transfers.class)) {
      assertThat(HOUSE.get(opens).getMethods())
          .filteredOn(m -> Set.of("open", "contains", "write", "isStored").contains(m.getName()))
          .isNotEmpty()
          .allSatisfy(method ->
              assertThat(method.getRawParameterTypes())
                  .extracting(JavaClass::getName)
                  .contains(AuthorisedBlob.class.getName())
                  .doesNotContain(BlobId.class.getName(), RepoId.class.getName()));
    }
  }

  @Test
  void only_a_store_reads_metadata_without_a_proof() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.intrahub.store..")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(RepoCatalog.class)
            .because("the catalog is for eviction, which answers nobody"));
    assertThat(HOUSE.get(RepoCatalog.class).getAllSubclasses()).isNotEmpty();
  }

  /** The operator may read the folder of the store anyway; clients must not through a command. */
  @Test
  void only_the_commands_of_the_operator_read_and_write_a_store_without_a_proof() {
    for (Class<?> operators : List.of(ReadOnlyStore.class, BlobImporter.class)) {
      check(
          noClasses()
              .that()
              .resideOutsideOfPackages("io.intrahub.store..", "io.intrahub.cachefolder")
              .and()
              .doNotHaveFullyQualifiedName("io.intrahub.cli.ExportCommand")
              .and()
              .doNotHaveFullyQualifiedName("io.intrahub.cli.StoreInventory")
              .and()
              .resideOutsideOfPackage("io.intrahub.cli.upkeep")
              .should()
              .dependOnClassesThat()
              .areAssignableTo(operators)
              .because("it asks for no proof"));
      assertThat(HOUSE.get(operators).getDirectDependenciesToSelf())
          .extracting(use -> use.getOriginClass().getPackageName())
          .contains("io.intrahub.cachefolder");
    }
  }

  @Test
  void only_the_commands_of_the_operator_maintain_a_store() {
    for (Class<?> operators :
        List.of(
            RepoRemover.class,
            RepoRemoval.class,
            BlobScrubber.class,
            BlobReferences.class,
            StoreTrimmer.class)) {
      check(
          noClasses()
              .that()
              .resideOutsideOfPackages("io.intrahub.store..", "io.intrahub.cli.upkeep")
              .should()
              .dependOnClassesThat()
              .areAssignableTo(operators)
              .because("it asks for no proof"));
    }
  }

  @Test
  void only_the_one_who_asks_the_rules_says_that_they_admit_a_client() {
    check(
        noClasses()
            .that()
            .doNotHaveFullyQualifiedName(RULES)
            .should()
            .accessTargetWhere(uses(RuleEvidence.class, "witnessed"))
            .because("the operator's rules open a repo only where they were asked"));
    assertThat(
            HOUSE
                .get(RuleEvidence.class)
                .getMethod("witnessed", RepoId.class, boolean.class)
                .getCallsOfSelf())
        .isNotEmpty();
  }

  @Test
  void only_the_one_who_keeps_the_tombstones_says_that_a_public_repo_was_removed() {
    check(
        noClasses()
            .that()
            .doNotHaveFullyQualifiedName(TOMBSTONES)
            .should()
            .accessTargetWhere(uses(RemovedEvidence.class, "witnessed"))
            .because("a repo that was never public, or is private now, is kept for nobody"));
    assertThat(
            HOUSE.get(RemovedEvidence.class).getMethod("witnessed", RepoId.class).getCallsOfSelf())
        .isNotEmpty();
  }

  /** Else a route could serve a repo that was made private because some other call failed. */
  @Test
  void only_the_one_who_asks_a_repos_own_question_believes_an_outage() {
    for (DescribedPredicate<JavaAccess<?>> use :
        List.of(
            uses(OutageEvidence.class, "witnessed"),
            uses(AccessChecker.class, "rememberedDuringOutage"))) {
      check(
          noClasses()
              .that()
              .doNotHaveFullyQualifiedName(ASKS)
              .should()
              .accessTargetWhere(use)
              .because("an expired verdict counts only if that repo's own question failed"));
    }
  }

  /** A rule on calls is worth nothing when others could make them. */
  @Test
  void proofs_and_evidence_have_no_public_constructor() {
    check(
        noConstructors()
            .that()
            .areDeclaredIn(Authorised.class)
            .or()
            .areDeclaredIn(AuthorisedBlob.class)
            .or()
            .areDeclaredIn(ReadEvidence.class)
            .or()
            .areDeclaredIn(RuleEvidence.class)
            .or()
            .areDeclaredIn(RemovedEvidence.class)
            .or()
            .areDeclaredIn(OutageEvidence.class)
            .should()
            .bePublic()
            .orShould()
            .beProtected());
  }

  /** The rules above hold for nothing at all when what they speak of has other names. */
  @Test
  void the_rules_speak_of_what_is_there() {
    assertThat(
            HOUSE
                .get(ReadEvidence.class)
                .getMethod("witnessed", Grant.class, EventOrder.Moment.class)
                .getCallsOfSelf())
        .isNotEmpty();
    assertThat(
            HOUSE
                .get(Authorised.class)
                .getConstructor(Object.class, ReadScope.class, boolean.class, boolean.class)
                .getCallsOfSelf())
        .isNotEmpty();
    assertThat(
            HOUSE
                .get(AuthorisedBlob.class)
                .getConstructor(Authorised.class, BlobId.class)
                .getCallsOfSelf())
        .isNotEmpty();
    assertThat(
            HOUSE
                .get(AccessChecker.class)
                .getMethod("blob", Authorised.class, BlobId.class)
                .getAccessesToSelf())
        .extracting(call -> call.getOriginOwner().getName())
        .containsOnly(BINDS);
    assertThat(HOUSE.get(BINDS).getAccessesToSelf())
        .filteredOn(call -> call.getName().equals("learn"))
        .extracting(call -> call.getOriginOwner().getName())
        .containsOnly(ANSWERS, GATHERS);
    assertThat(
            HOUSE.get(OutageEvidence.class).getMethod("witnessed", RepoId.class).getCallsOfSelf())
        .extracting(call -> call.getOriginOwner().getName())
        .containsOnly(ASKS);
    assertThat(
            HOUSE
                .get(AccessChecker.class)
                .getMethod(
                    "rememberedDuringOutage",
                    OutageEvidence.class,
                    Authority.class,
                    ReadScope.class)
                .getCallsOfSelf())
        .extracting(call -> call.getOriginOwner().getName())
        .containsOnly(ASKS);
  }

  /** Calls and method references alike. */
  private static DescribedPredicate<JavaAccess<?>> uses(Class<?> owner, String name) {
    return describe(
        "use " + owner.getSimpleName() + "." + name,
        access -> access.getTargetOwner().isEquivalentTo(owner) && access.getName().equals(name));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(HOUSE);
  }
}

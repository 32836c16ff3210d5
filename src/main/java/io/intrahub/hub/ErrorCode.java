package io.intrahub.hub;

/**
 * The values of {@code X-Error-Code} from which huggingface_hub chooses its exception (2.4.0,
 * {@code hf_raise_for_status}).
 */
public enum ErrorCode {
  REPO_NOT_FOUND("RepoNotFound"),
  REVISION_NOT_FOUND("RevisionNotFound"),
  ENTRY_NOT_FOUND("EntryNotFound"),
  GATED_REPO("GatedRepo");

  private final String wire;

  ErrorCode(String wire) {
    this.wire = wire;
  }

  /** The header's value. */
  public String wire() {
    return wire;
  }
}

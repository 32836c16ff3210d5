package io.intrahub.devhub;

/** A file or a folder in a commit. Immutable. */
sealed interface DevEntry {
  /** From the root of the repo, without a leading slash. */
  String path();

  /** Git id of the blob (of the pointer, for LFS) or of the tree. */
  String oid();

  /** The newest commit that changed it. */
  Change change();

  /** What a listing says about a commit. */
  record Change(String commit, String title, String date) {}

  record File(String path, DevFile file, Change change) implements DevEntry {
    @Override
    public String oid() {
      return file.gitOid();
    }
  }

  record Folder(String path, String oid, Change change) implements DevEntry {}
}

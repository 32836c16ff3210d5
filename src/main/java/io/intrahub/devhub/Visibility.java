package io.intrahub.devhub;

/** Who may see a simulated repo and who may read its bytes. */
public enum Visibility {
  /** Everybody sees and reads it. */
  PUBLIC,
  /** Only allowed tokens know that it exists. */
  PRIVATE,
  /** Everybody sees its metadata and listings; only allowed tokens read bytes. */
  GATED
}

package io.intrahub.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a component of a record as an option, and says all there is to say about it. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Setting {
  /** How its value is written. A component of type {@code List} takes several of these. */
  ValueType type();

  /**
   * The default, as it would be written in the file. Empty for a list that may be empty, and for a
   * component of type {@code Optional}.
   */
  String byDefault();

  /** The smallest value, as it would be written; empty for none. */
  String min() default "";

  /** The largest value, as it would be written; empty for none. */
  String max() default "";

  /** The flag on the command line; empty for none. */
  String flag() default "";

  /** The value that the flag stands for, if it takes none itself. */
  String flagMeans() default "";

  /** What it does: sentences in Markdown, for the operator. */
  String doc();
}

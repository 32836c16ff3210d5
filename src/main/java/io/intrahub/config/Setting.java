package io.intrahub.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Declares a component of a record as an option, with its default, limits and description. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Setting {
  /** The type of its value, or of each value if the component is a {@code List}. */
  ValueType type();

  /**
   * The default, as written in the file. Empty for a list that may be empty, and for a component of
   * type {@code Optional}.
   */
  String byDefault();

  /** The smallest value, as it would be written; empty for none. */
  String min() default "";

  /** The largest value, as it would be written; empty for none. */
  String max() default "";

  /** The flag on the command line; empty for none. */
  String flag() default "";

  /** The value that the flag sets, if the flag takes no value itself. */
  String flagMeans() default "";

  /** The description for the operator: sentences in Markdown. */
  String doc();
}

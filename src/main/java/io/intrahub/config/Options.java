package io.intrahub.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The table of all options, read from the declarations in {@link Config}. */
public final class Options {
  private static final Map<String, String> SECTIONS;
  private static final Map<String, Option> OPTIONS;

  static {
    Map<String, String> sections = new LinkedHashMap<>();
    Map<String, Option> options = new LinkedHashMap<>();
    collect(Config.class, "", sections, options);
    SECTIONS = Collections.unmodifiableMap(sections);
    OPTIONS = Collections.unmodifiableMap(options);
  }

  private Options() {}

  /** Returns all options in the order in which they are documented. */
  public static List<Option> all() {
    return List.copyOf(OPTIONS.values());
  }

  /** Returns the names of the groups of options, in order, with their descriptions. */
  public static Map<String, String> sections() {
    return SECTIONS;
  }

  /** Returns the option with this key, if there is one. */
  public static Optional<Option> find(String key) {
    return Optional.ofNullable(OPTIONS.get(key));
  }

  /** Keys of options and names of groups. */
  static List<String> names() {
    List<String> names = new ArrayList<>(SECTIONS.keySet());
    names.addAll(OPTIONS.keySet());
    return names;
  }

  static Config defaults() {
    return build(Map.of());
  }

  /**
   * Builds the records.
   *
   * @param values by key, of the type of the component; a missing value means the default
   */
  static Config build(Map<String, Object> values) {
    return build(Config.class, "", values);
  }

  private static void collect(
      Class<?> type, String prefix, Map<String, String> sections, Map<String, Option> options) {
    for (RecordComponent component : type.getRecordComponents()) {
      String key = prefix + OptionNames.kebab(component.getName());
      Setting setting = component.getAnnotation(Setting.class);
      Section section = component.getAnnotation(Section.class);
      if (setting != null) {
        options.put(key, option(key, component, setting));
      } else if (section != null) {
        sections.put(key, section.value());
        collect(component.getType(), key + ".", sections, options);
      } else {
        throw new IllegalStateException(key + " is neither an option nor a group of options");
      }
    }
  }

  private static Option option(String key, RecordComponent component, Setting setting) {
    boolean list = component.getType() == List.class;
    boolean optional = setting.byDefault().isEmpty();
    boolean wrapped = list || component.getType() == Optional.class;
    Class<?> target =
        wrapped && component.getGenericType() instanceof ParameterizedType generic
            ? (Class<?>) generic.getActualTypeArguments()[0]
            : component.getType();
    return new Option(
        key,
        setting.type(),
        list,
        optional,
        setting.byDefault(),
        given(setting.min()),
        given(setting.max()),
        given(setting.flag()).map(name -> new Option.Flag(name, given(setting.flagMeans()))),
        setting.doc(),
        target);
  }

  private static Optional<String> given(String text) {
    return Optional.of(text).filter(t -> !t.isEmpty());
  }

  private static <T> T build(Class<T> type, String prefix, Map<String, Object> values) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String key = prefix + OptionNames.kebab(components[i].getName());
      Option option = OPTIONS.get(key);
      if (option == null) {
        arguments[i] = build(components[i].getType(), key + ".", values);
      } else {
        Object value = values.get(key);
        arguments[i] = value == null ? byDefault(option) : value;
      }
    }
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<T> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(arguments);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " does not take what its options give", e);
    }
  }

  private static Object byDefault(Option option) {
    if (option.byDefault().isEmpty()) {
      return option.list() ? List.of() : Optional.empty();
    }
    Object value =
        option
            .parse(option.byDefault())
            .orElseThrow(() -> new IllegalStateException("the default of " + option.key()));
    return option.list() ? List.of(value) : value;
  }
}

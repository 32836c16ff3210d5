package io.intrahub.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Builds the configuration from its sources. Later sources override earlier ones: the defaults, one
 * YAML file, the environment, the command line.
 */
public final class ConfigLoader {
  /** The environment variable that names the YAML file if no flag does. */
  public static final String FILE_VARIABLE = "INTRAHUB_CONFIG";

  /** Variables of intrahub that are not options; the script that starts Java reads the second. */
  private static final Set<String> OTHER_VARIABLES = Set.of(FILE_VARIABLE, "INTRAHUB_JAVA_OPTS");

  /** A larger file was named by mistake, such as a file of a model. */
  private static final int LARGEST_FILE = 1 << 20;

  /** Suffixes of the variables that Kubernetes sets for a service ("service links"). */
  private static final Pattern SERVICE_LINK =
      Pattern.compile("SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?");

  private ConfigLoader() {}

  /**
   * Reads all sources.
   *
   * @param file the YAML file; if empty, the one that {@value #FILE_VARIABLE} names, if any
   * @param environment variables of the process; those that do not begin with {@code INTRAHUB_} are
   *     ignored, and so are empty ones
   * @param commandLine values of flags by the key of the option; several for a list
   * @return the configuration, with defaults where no source has a value
   * @throws ConfigException with all problems of all sources
   * @throws IllegalArgumentException if {@code commandLine} has a key that is no option
   */
  public static Config load(
      Optional<Path> file, Map<String, String> environment, Map<String, List<String>> commandLine)
      throws ConfigException {
    ConfigSources sources = new ConfigSources();
    Optional<Path> used =
        file.or(() ->
            Optional.ofNullable(environment.get(FILE_VARIABLE))
                .filter(name -> !name.isBlank())
                .map(Path::of));
    used.ifPresent(path -> read(path, sources));
    readEnvironment(environment, sources);
    readCommandLine(commandLine, sources);
    return sources.finish();
  }

  private static void read(Path file, ConfigSources sources) {
    String name = file.toString();
    byte[] bytes;
    // Reads at most the allowed size, because the file may be a pipe or an endless device.
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST_FILE + 1);
    } catch (NoSuchFileException e) {
      sources.problem(name, "the file does not exist");
      return;
    } catch (AccessDeniedException e) {
      sources.problem(name, "the user who runs intrahub may not read this file");
      return;
    } catch (IOException e) {
      String why =
          Files.isDirectory(file) ? "it is a folder, not a file" : String.valueOf(e.getMessage());
      sources.problem(name, "cannot be read: " + why);
      return;
    }
    if (bytes.length > LARGEST_FILE) {
      sources.problem(name, "is larger than 1 MiB, so it cannot be a configuration file");
      return;
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      YamlFile.read(name, text.startsWith("\uFEFF") ? text.substring(1) : text, sources);
    } catch (CharacterCodingException e) {
      sources.problem(name, "is not UTF-8 text");
    }
  }

  private static void readEnvironment(Map<String, String> environment, ConfigSources sources) {
    Map<String, Option> known = new TreeMap<>();
    Options.all().forEach(option -> known.put(option.environment(), option));
    for (Map.Entry<String, String> variable : new TreeMap<>(environment).entrySet()) {
      String name = variable.getKey();
      String value = variable.getValue();
      if (!OptionNames.isOurs(name)
          || OTHER_VARIABLES.contains(name)
          || isServiceLink(name, value, environment)) {
        continue;
      }
      Option option = known.get(name);
      if (option == null) {
        sources.problem(
            name, "unknown option" + OptionNames.didYouMean(name, List.copyOf(known.keySet())));
      } else if (!value.isBlank()) {
        // Compose files pass an unset variable on as an empty one.
        sources.put(option, name, value);
      }
    }
  }

  /**
   * Whether Kubernetes set the variable: for a service {@code intrahub} it puts {@code
   * INTRAHUB_SERVICE_HOST} and more into each container. {@code INTRAHUB_ADMIN_PORT} may come from
   * a service {@code intrahub-admin} or from the operator; that of a service is an address.
   */
  private static boolean isServiceLink(String name, String value, Map<String, String> environment) {
    String host = "_SERVICE_HOST";
    return environment.keySet().stream()
        .filter(other -> other.endsWith(host))
        .map(other -> other.substring(0, other.length() - host.length() + 1))
        .filter(name::startsWith)
        .map(service -> name.substring(service.length()))
        .filter(end -> SERVICE_LINK.matcher(end).matches())
        .anyMatch(end -> !end.equals("PORT") || value.matches("(tcp|udp|sctp)://.*"));
  }

  private static void readCommandLine(
      Map<String, List<String>> commandLine, ConfigSources sources) {
    for (String key : commandLine.keySet()) {
      if (Options.find(key).isEmpty()) {
        throw new IllegalArgumentException("unknown option: " + key);
      }
    }
    for (Option option : Options.all()) {
      List<String> texts = commandLine.get(option.key());
      if (texts == null) {
        continue;
      }
      String where = option.flag().map(Option.Flag::name).orElse(option.key());
      if (option.list()) {
        List<String> elements = new ArrayList<>();
        texts.forEach(text -> elements.addAll(ConfigSources.split(text)));
        sources.putList(option, where, elements);
      } else {
        texts.forEach(text -> sources.put(option, where, text));
      }
    }
  }
}

package io.intrahub.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine;

/** Reads the version of the build, for {@code --version} and the {@code User-Agent}. */
public class ProductVersion implements CommandLine.IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"intrahub " + number()};
  }

  /** Returns the version, such as {@code 0.1.0}. */
  public static String number() {
    try (InputStream in =
        ProductVersion.class.getResourceAsStream("/io/intrahub/cli/version.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

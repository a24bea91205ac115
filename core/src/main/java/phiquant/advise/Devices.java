package phiquant.advise;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import phiquant.UserError;

/** The tables of devices and engines, which are data: a new device is a line in a file. */
public final class Devices {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Devices() {}

  /** All devices in the order of the table. */
  public static List<Device> all() {
    return read("devices.json", new TypeReference<List<Device>>() {});
  }

  /** All engines by name. */
  public static Map<String, DeviceEngine> engines() {
    return read("engines.json", new TypeReference<Map<String, DeviceEngine>>() {});
  }

  /**
   * The device of that name, {@code this} for the machine that runs phiquant.
   *
   * @throws UserError (usage) naming those that come near
   */
  public static Device named(String name) {
    if (name.equals("this")) {
      return ThisMachine.describe();
    }
    List<Device> near =
        all().stream().filter(device -> device.id().contains(name.toLowerCase())).toList();
    for (Device device : near) {
      if (device.id().equals(name.toLowerCase())) {
        return device;
      }
    }
    if (near.size() == 1) {
      return near.get(0);
    }
    throw UserError.usage(
        "There is no device '%s';%s --device list shows all."
            .formatted(
                name,
                near.isEmpty()
                    ? ""
                    : " there is "
                        + String.join(", ", near.stream().map(Device::id).toList())
                        + ";"));
  }

  private static <T> T read(String file, TypeReference<T> type) {
    try (InputStream in = Devices.class.getResourceAsStream("/phiquant/advise/" + file)) {
      return JSON.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

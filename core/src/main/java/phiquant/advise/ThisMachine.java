package phiquant.advise;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;

/**
 * The machine that runs phiquant as a {@link Device}: cores and memory as the system tells them,
 * bandwidth as measured. Graphics cards are not looked for; they have devices of their own.
 */
final class ThisMachine {
  private ThisMachine() {}

  static Device describe() {
    int cores = Runtime.getRuntime().availableProcessors();
    long bytes =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    boolean apple = System.getProperty("os.name").startsWith("Mac");
    boolean intel = System.getProperty("os.arch").matches("amd64|x86_64");
    double measured = Bandwidth.measure(cores, Math.min(1L << 29, bytes / 8));
    return new Device(
        "this",
        String.format(
            Locale.ROOT,
            "this machine (%d cores, %s %s)",
            cores,
            System.getProperty("os.name"),
            System.getProperty("os.arch")),
        "pc",
        bytes / 1e9,
        0.7,
        measured,
        "as measured",
        apple
            ? List.of("mlx", "llama.cpp")
            : intel
                ? List.of("llama.cpp", "openvino-cpu", "onnx-cpu")
                : List.of("llama.cpp", "onnx-cpu"),
        "This is the CPU and its memory; for a graphics card name it, as in --device nvidia-12gb.",
        "measured: all cores read memory in order");
  }
}

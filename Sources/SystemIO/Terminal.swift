// SPDX-License-Identifier: Apache-2.0

/// Questions to a terminal.
internal import CCodecs
internal import Glibc

/// What a descriptor has to do with a terminal.
public enum Terminal {
  /// Whether the descriptor is a terminal.
  public static func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1
  }

  /// The width of the terminal in columns; nil when it is none or does not know.
  public static func width(_ descriptor: Int32) -> Int? {
    let columns = ccodecs_terminal_columns(descriptor)
    return columns > 0 ? Int(columns) : nil
  }

  /// The height of the terminal in lines; nil when it is none or does not know.
  public static func height(_ descriptor: Int32) -> Int? {
    let lines = ccodecs_terminal_lines(descriptor)
    return lines > 0 ? Int(lines) : nil
  }
}

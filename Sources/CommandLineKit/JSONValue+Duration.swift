// SPDX-License-Identifier: Apache-2.0

/// JSON and escaping are known to whoever knows the command line: most of what commands print goes through them.
@_exported public import TextFormats

extension JSONValue {
  /// A span of time as seconds.
  ///
  /// - Parameter duration: The span.
  /// - Returns: A number.
  public static func seconds(_ duration: Duration) -> JSONValue {
    .double(Double(DurationText.nanoseconds(duration)) / 1e9)
  }
}

// SPDX-License-Identifier: Apache-2.0

// Where the built tool is that tests run.

private import Foundation

/// The tool to test.
public enum BuiltTool {
  /// Its path: the one that `ARCHIVETOOL_BINARY` names, or the newest that was built here; nil when there is none.
  public static let location: String? = {
    if let named = ProcessInfo.processInfo.environment["ARCHIVETOOL_BINARY"], !named.isEmpty { return named }
    let candidates = [".build/tool/archivetool", ".build/release/archivetool", ".build/debug/archivetool"]
      .map { Vectors.packageRoot.appending(path: $0).path }
    let dated = candidates.compactMap { path -> (String, Date)? in
      guard let date = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date else {
        return nil
      }
      return (path, date)
    }
    return dated.max { $0.1 < $1.1 }?.0
  }()
}

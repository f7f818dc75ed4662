// SPDX-License-Identifier: Apache-2.0

/// A spec string taken apart: `zstd:level=19,checksum=no` is the name `zstd` and two parameters.
public struct CodecSpec: Hashable, Sendable, CustomStringConvertible {
  /// The codec's name as it was written.
  public let name: String
  /// The parameters as they were written, in order.
  public let parameters: [Parameter]

  /// One `name=value`, or a bare `name`.
  public struct Parameter: Hashable, Sendable {
    /// The parameter's name.
    public let name: String
    /// Its value; `nil` without `=`.
    public let value: String?
  }

  /// Takes a spec string apart.
  ///
  /// - Parameter text: a name, optionally followed by `:` and parameters joined by `,`.
  /// - Throws: ``CodecError`` with `invalidOption` when the name or a parameter name is empty, or one stands twice.
  public init(_ text: String) throws(CodecError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    guard !name.isEmpty else { throw CodecError(.invalidOption, reason: "a codec spec starts with a codec name") }
    var parameters: [Parameter] = []
    for item in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let parameter = Parameter(name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : nil)
      guard !parameter.name.isEmpty else {
        throw CodecError(.invalidOption, reason: "the codec spec '\(text)' has an empty parameter")
      }
      guard !parameters.contains(where: { $0.name == parameter.name }) else {
        throw CodecError(.invalidOption, reason: "the codec spec '\(text)' sets \(parameter.name) twice")
      }
      parameters.append(parameter)
    }
    self.parameters = parameters
  }

  /// The spec string.
  public var description: String {
    let list = parameters.map { $0.value.map { "\($0)" }.map { value in "=\(value)" } ?? "" }
    let texts = zip(parameters, list).map { $0.name + $1 }
    return texts.isEmpty ? name : name + ":" + texts.joined(separator: ",")
  }
}

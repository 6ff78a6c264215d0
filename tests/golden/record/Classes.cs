// Records what .NET's DataContractSerializer writes and reads for one class of every shape that a message can have.
// Output: one JSON object a line, in the form of ../datacontract/*.jsonl. Run by record.sh.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;

namespace Shapes {
  [DataContract(Namespace = "urn:enum")] public enum Colour { [EnumMember] Red, [EnumMember(Value = "dark-green")] Green }

  [DataContract(Namespace = "urn:item")] public class Item {
    [DataMember] public string Name { get; set; }
    [DataMember] public int? Size { get; set; }
  }

  // Class levels in three namespaces, Order, EmitDefaultValue, a member with another name.
  [DataContract(Namespace = "urn:base")] public class Base {
    [DataMember(Order = 2)] public string B { get; set; }
    [DataMember(Order = 1)] public string Z { get; set; }
    [DataMember] public string M { get; set; }
    [DataMember] public Item Own { get; set; }
  }
  [DataContract(Namespace = "urn:middle")] public class Middle : Base {
    [DataMember(EmitDefaultValue = false)] public string E { get; set; }
    [DataMember(EmitDefaultValue = false)] public int F { get; set; }
    [DataMember(Name = "renamed")] public string R { get; set; }
    [DataMember] public string _c { get; set; }
  }
  [DataContract(Namespace = "urn:derived")] public class Levels : Middle {
    [DataMember] public string A { get; set; }
    [DataMember] public Item In { get; set; }
    [DataMember] public List<Item> Many { get; set; }
  }

  [DataContract(Namespace = "urn:kinds")] public class Kinds {
    [DataMember] public bool Bo { get; set; }
    [DataMember] public int In { get; set; }
    [DataMember] public long Lo { get; set; }
    [DataMember] public decimal De { get; set; }
    [DataMember] public double Do { get; set; }
    [DataMember] public DateTime Dt { get; set; }
    [DataMember] public Guid Gu { get; set; }
    [DataMember] public TimeSpan Ts { get; set; }
    [DataMember] public byte[] Ba { get; set; }
    [DataMember] public char Ch { get; set; }
    [DataMember] public Colour En { get; set; }
    [DataMember] public string St { get; set; }
  }

  [DataContract(Namespace = "urn:nullable")] public class Nullables {
    [DataMember] public bool? Bo { get; set; }
    [DataMember] public int? In { get; set; }
    [DataMember] public long? Lo { get; set; }
    [DataMember] public decimal? De { get; set; }
    [DataMember] public double? Do { get; set; }
    [DataMember] public DateTime? Dt { get; set; }
    [DataMember] public Guid? Gu { get; set; }
    [DataMember] public TimeSpan? Ts { get; set; }
    [DataMember] public char? Ch { get; set; }
    [DataMember] public Colour? En { get; set; }
  }

  [DataContract(Namespace = "urn:lists")] public class Lists {
    [DataMember] public List<string> St { get; set; }
    [DataMember] public List<int> In { get; set; }
    [DataMember] public List<bool> Bo { get; set; }
    [DataMember] public List<Guid> Gu { get; set; }
    [DataMember] public List<DateTime> Dt { get; set; }
    [DataMember] public List<TimeSpan> Ts { get; set; }
    [DataMember] public List<Colour> En { get; set; }
    [DataMember] public List<List<int>> Nested { get; set; }
    [DataMember] public List<List<Item>> Deep { get; set; }
  }

  [DataContract(Namespace = "urn:any")] public class Anything { [DataMember] public object One { get; set; } [DataMember] public object Two { get; set; } }

  [DataContract(Namespace = "urn:pair")] public class Pair {
    [DataMember] public Item First { get; set; }
    [DataMember] public string Mark { get; set; }
    [DataMember] public Item Second { get; set; }
  }
}

static class Record {
  static readonly UTF8Encoding Utf8 = new UTF8Encoding(false);

  static void Main() {
    Writes();
    Reads();
  }

  // ------------------------------------------------------------------ what is written
  static void Writes() {
    var item = new Shapes.Item { Name = "i", Size = 3 };
    Write("levels-full", new Shapes.Levels { B = "b", Z = "z", M = "m", Own = item, E = "e", F = 5, R = "r", _c = "c", A = "a", In = item, Many = new List<Shapes.Item> { item, null, new Shapes.Item() } });
    Write("levels-empty", new Shapes.Levels());
    Write("levels-empty-list", new Shapes.Levels { Many = new List<Shapes.Item>() });
    Write("kinds-default", new Shapes.Kinds());
    Write("kinds-full", new Shapes.Kinds { Bo = true, In = int.MinValue, Lo = long.MaxValue, De = 1.50m, Do = 0.1, Dt = new DateTime(2025, 12, 4, 6, 57, 36, 120, DateTimeKind.Utc), Gu = new Guid("3fa85f64-5717-4562-b3fc-2c963f66afa6"), Ts = new TimeSpan(1, 2, 3, 4, 5), Ba = new byte[] { 0, 255, 16 }, Ch = 'a', En = Shapes.Colour.Green, St = "é<&>" });
    foreach (var number in new[] { 0.0, -1.5, 1e14, 123456789012345.0, 1e15, 1e21, 1.25e-4, 1e-5, 0.001, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1.7976931348623157E+308 })
      Write("kinds-double " + number.ToString("R", CultureInfo.InvariantCulture), new Shapes.Kinds { Do = number });
    foreach (var number in new[] { 0.00m, -12.340m, 79228162514264337593543950335m, 0.0000000001m })
      Write("kinds-decimal " + number.ToString(CultureInfo.InvariantCulture), new Shapes.Kinds { De = number });
    foreach (var span in new[] { TimeSpan.Zero, TimeSpan.FromHours(-3), TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(400), new TimeSpan(0, 0, 90), new TimeSpan(-1, -2, -3) })
      Write("kinds-duration " + span, new Shapes.Kinds { Ts = span });
    Write("kinds-empty-bytes", new Shapes.Kinds { Ba = new byte[0], St = "" });
    Write("nullables-null", new Shapes.Nullables());
    Write("nullables-full", new Shapes.Nullables { Bo = false, In = 0, Lo = -1, De = 0m, Do = 2, Dt = new DateTime(2025, 1, 1), Gu = Guid.Empty, Ts = TimeSpan.FromSeconds(1), Ch = 'é', En = Shapes.Colour.Red });
    Write("lists-null", new Shapes.Lists());
    Write("lists-full", new Shapes.Lists {
      St = new List<string> { "a", null, "", " b " }, In = new List<int> { 1, -2 }, Bo = new List<bool> { true }, Gu = new List<Guid> { Guid.Empty },
      Dt = new List<DateTime> { new DateTime(2025, 12, 4) }, Ts = new List<TimeSpan> { TimeSpan.FromMinutes(1) }, En = new List<Shapes.Colour> { Shapes.Colour.Green },
      Nested = new List<List<int>> { new List<int> { 1, 2 }, null, new List<int>() }, Deep = new List<List<Shapes.Item>> { new List<Shapes.Item> { item, null } } });
    Write("lists-empty", new Shapes.Lists { St = new List<string>(), In = new List<int>(), Nested = new List<List<int>>(), Deep = new List<List<Shapes.Item>>() });
    Write("any-null", new Shapes.Anything());
    Write("any-scalars", new Shapes.Anything { One = "text", Two = 5 });
    Write("any-more", new Shapes.Anything { One = true, Two = 1.5m });
    Write("any-guid-date", new Shapes.Anything { One = Guid.Empty, Two = new DateTime(2025, 12, 4) });
    Write("any-double-bytes", new Shapes.Anything { One = 2.5, Two = new byte[] { 1, 2 } });
    Write("controls", new Shapes.Item { Name = "a\u0001b\u001fc" });
    Write("line-ends", new Shapes.Item { Name = "a\rb\nc\r\nd" });
  }

  static void Write(string name, object value) {
    WriteOne(name + ".webapi", "webapi", value, stream => XmlWriter.Create(stream, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false, Encoding = Utf8, NewLineChars = "\n" }));
    WriteOne(name + ".webapi-indent", "webapi-indent", value, stream => XmlWriter.Create(stream, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false, Encoding = Utf8, NewLineChars = "\n", Indent = true }));
    WriteOne(name + ".servicestack", "servicestack", value, stream => XmlWriter.Create(stream, new XmlWriterSettings { Encoding = Utf8, NewLineChars = "\n" }));
    WriteOne(name + ".servicestack-v3", "servicestack-v3", value, stream => new XmlTextWriter(stream, Encoding.UTF8));
  }

  static void WriteOne(string name, string pipeline, object value, Func<Stream, XmlWriter> open) {
    var text = new StringBuilder("{\"name\":" + Quote(name) + ",\"kind\":\"write\",\"pipeline\":\"" + pipeline + "\",\"type\":" + Quote(value.GetType().FullName) + ",\"value\":");
    Dump(value, text);
    try {
      var stream = new MemoryStream();
      var writer = open(stream);
      new DataContractSerializer(value.GetType()).WriteObject(writer, value);
      writer.Flush();
      text.Append(",\"ok\":true,\"xml\":" + Quote(Latin1(stream.ToArray())) + "}");
    } catch (Exception error) { text.Append(",\"ok\":false,\"exception\":" + Quote(error.GetType().Name + ": " + error.Message) + "}"); }
    Console.WriteLine(text);
  }

  // ------------------------------------------------------------------ what is read
  const string Xsi = "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"";
  const string Xsd = "xmlns:x=\"http://www.w3.org/2001/XMLSchema\"";
  const string Ser = "xmlns:z=\"http://schemas.microsoft.com/2003/10/Serialization/\"";
  const string Arr = "xmlns:a=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\"";

  static void Reads() {
    Values("Lo", "9223372036854775807", "9223372036854775808", " -5 ", "1.0", "");
    Values("De", "1.50", "+1.", ".5", "1e3", "1,000", " 2 ", "79228162514264337593543950335", "79228162514264337593543950336", "", "-");
    Values("Do", "1e5", "INF", "-INF", "+INF", "NaN", "Infinity", "1E400", ".5", "5.", "", "0x1", " 7 ", "1,000", "nan");
    Values("Gu", "3fa85f6457174562b3fc2c963f66afa6", "{3fa85f6457174562b3fc2c963f66afa6}", "3fa85f64-57174562b3fc2c963f66afa6", "(3fa85f64-5717-4562-b3fc-2c963f66afa6}", "");
    Values("Ts", "P1DT2H3M4.005S", "PT0S", "-PT3H", "P1Y", "P1M", "P1W", "PT", "P", "02:03:04", "PT1.0000001S", "PT1.00000001S", " PT5S ", "PT5M6", "P1Y2M3DT4H5M6S", "PT100H", "+PT1S", "P1.5D", "P99999999D", "");
    Values("Ch", "97", "a", "65535", "65536", "-1", " 97 ", "");
    Values("Ba", "AP8Q", " AP 8Q\n", "AP8", "A===", "", "AP8Q====", "!!!!");
    Values("En", "Red", "dark-green", "Green", "", " Red");
    Values("Bo", "true", " 1 ", "True", "");
    Values("In", " 7\n", "-", "+", "--1", "");
    Values("Dt", "2025-12-04", "2025-12-04Z", "2025-12", "2025", "--12-04", "2025-12-04T06:57:36z", "2025-12-04T06:57:36.12345675", "2025-12-04T06:57:36.12345665", "2025-12-04T06:57:36+15:00", "2025-12-04T06:57:36-14:59", "2025-12-04T06:57:36+99:59", "2025-12-04T06:57:36+01:60", "9999-12-31T23:59:59.99999999", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59+05:00", "1900-07-01T00:00:00+00:00", "2025-07-01T00:00:00+00:00", "2025-10-26T00:30:00+00:00", "2025-10-26T01:30:00+00:00", "2025-12-04T06:57:36 Z", "");
    foreach (var name in new[] { "Bo", "In", "Lo", "De", "Do", "Dt", "Gu", "Ts", "Ch", "En", "Ba", "St" })
      Read("kinds-nil-" + name, typeof(Shapes.Kinds), "<Kinds xmlns=\"urn:kinds\" " + Xsi + "><" + name + " i:nil=\"true\"/></Kinds>");
    foreach (var name in new[] { "Bo", "In", "Lo", "De", "Do", "Dt", "Gu", "Ts", "Ch", "En" }) {
      Read("nullables-nil-" + name, typeof(Shapes.Nullables), "<Nullables xmlns=\"urn:nullable\" " + Xsi + "><" + name + " i:nil=\"true\"/></Nullables>");
      Read("nullables-empty-" + name, typeof(Shapes.Nullables), "<Nullables xmlns=\"urn:nullable\"><" + name + "/></Nullables>");
    }
    Read("levels-all", typeof(Shapes.Levels), "<Levels xmlns=\"urn:derived\" xmlns:b=\"urn:base\" xmlns:m=\"urn:middle\" xmlns:t=\"urn:item\"><b:M>m</b:M><b:Own><t:Name>o</t:Name></b:Own><b:Z>z</b:Z><b:B>b</b:B><m:E>e</m:E><m:F>5</m:F><m:_c>c</m:_c><m:renamed>r</m:renamed><A>a</A><In><t:Size>3</t:Size></In></Levels>");
    Read("levels-order-ignored", typeof(Shapes.Levels), "<Levels xmlns=\"urn:derived\" xmlns:b=\"urn:base\"><b:B>b</b:B><b:M>m</b:M><b:Z>z</b:Z><A>a</A></Levels>");
    Read("levels-base-after", typeof(Shapes.Levels), "<Levels xmlns=\"urn:derived\" xmlns:b=\"urn:base\"><A>a</A><b:M>m</b:M></Levels>");
    Read("lists-primitive", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" " + Arr + "><In><a:int>1</a:int><a:long>2</a:long><a:int>3</a:int></In></Lists>");
    Read("lists-order", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" " + Arr + "><In><a:int>1</a:int></In><St><a:string>s</a:string></St></Lists>");
    Read("lists-nil-item", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" " + Arr + " " + Xsi + "><In><a:int i:nil=\"true\"/></In></Lists>");
    Read("lists-text", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\"><In>5</In></Lists>");
    Read("lists-nested", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" " + Arr + "><Nested><a:ArrayOfint><a:int>1</a:int></a:ArrayOfint><a:ArrayOfint/></Nested></Lists>");
    Read("lists-deep", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" xmlns:t=\"urn:item\"><Deep><t:ArrayOfItem><t:Item><t:Name>n</t:Name></t:Item></t:ArrayOfItem></Deep></Lists>");
    Read("lists-enum", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" xmlns:e=\"urn:enum\"><En><e:Colour>dark-green</e:Colour></En></Lists>");
    Read("any-string", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + " " + Xsd + "><One i:type=\"x:string\">s</One></Anything>");
    Read("any-int", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + " " + Xsd + "><One i:type=\"x:int\">5</One></Anything>");
    Read("any-boolean", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + " " + Xsd + "><One i:type=\"x:boolean\">1</One></Anything>");
    Read("any-guid", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + " " + Ser + "><One i:type=\"z:guid\">3fa85f64-5717-4562-b3fc-2c963f66afa6</One></Anything>");
    Read("any-wrong", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + " " + Xsd + "><One i:type=\"x:int\">s</One></Anything>");
    Read("any-unknown", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + "><One i:type=\"Nope\">s</One></Anything>");
    Read("any-nil", typeof(Shapes.Anything), "<Anything xmlns=\"urn:any\" " + Xsi + "><One i:nil=\"true\"/></Anything>");
    Read("type-same", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" xmlns:t=\"urn:item\" " + Xsi + "><First i:type=\"t:Item\"><t:Name>n</t:Name></First></Pair>");
    Read("type-other", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" xmlns:t=\"urn:item\" " + Xsi + "><First i:type=\"t:Other\"><t:Name>n</t:Name></First></Pair>");
    Read("type-list", typeof(Shapes.Lists), "<Lists xmlns=\"urn:lists\" " + Arr + " " + Xsi + "><In i:type=\"a:ArrayOfint\"><a:int>1</a:int></In></Lists>");
    Read("id-object", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" xmlns:t=\"urn:item\" " + Xsi + " " + Ser + "><First z:Id=\"1\"><t:Name>n</t:Name></First><Second z:Ref=\"1\" i:nil=\"true\"/></Pair>");
    Read("id-object-not-nil", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" xmlns:t=\"urn:item\" " + Ser + "><First z:Id=\"1\"><t:Name>n</t:Name></First><Second z:Ref=\"1\"/></Pair>");
    Read("id-missing", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" " + Xsi + " " + Ser + "><Second z:Ref=\"9\" i:nil=\"true\"/></Pair>");
    Read("id-of-another-type", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" xmlns:t=\"urn:item\" " + Xsi + " " + Ser + "><First z:Id=\"1\"><t:Name>n</t:Name></First><Mark z:Ref=\"1\" i:nil=\"true\"/></Pair>");
    Read("nil-wrong-word", typeof(Shapes.Pair), "<Pair xmlns=\"urn:pair\" " + Xsi + "><First i:nil=\"True\"/></Pair>");
  }

  static void Values(string member, params string[] texts) {
    foreach (var text in texts) Read("kinds-" + member + " " + text.Replace("\n", "\\n"), typeof(Shapes.Kinds), "<Kinds xmlns=\"urn:kinds\"><" + member + ">" + text + "</" + member + "></Kinds>");
  }

  static void Read(string name, Type type, string xml) {
    var bytes = Utf8.GetBytes(xml);
    var text = new StringBuilder("{\"name\":" + Quote(name) + ",\"kind\":\"read\",\"type\":" + Quote(type.FullName) + ",\"xml\":" + Quote(Latin1(bytes)) + ",\"results\":{\"all\":{");
    try {
      var value = new DataContractSerializer(type).ReadObject(XmlDictionaryReader.CreateTextReader(bytes, XmlDictionaryReaderQuotas.Max), true);
      var dumped = new StringBuilder();
      Dump(value, dumped);
      text.Append("\"ok\":true,\"value\":" + dumped);
    } catch (Exception error) { text.Append("\"ok\":false,\"exception\":" + Quote(error.GetType().Name + ": " + error.Message)); }
    Console.WriteLine(text.Append("}}}"));
  }

  // ------------------------------------------------------------------ values as JSON
  static void Dump(object value, StringBuilder text) {
    if (value == null) text.Append("null");
    else if (value is string) text.Append(Quote((string)value));
    else if (value is bool) text.Append((bool)value ? "true" : "false");
    else if (value is int || value is long) text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
    else if (value is decimal) Tagged(text, "$decimal", ((decimal)value).ToString(CultureInfo.InvariantCulture));
    else if (value is double) Tagged(text, "$double", ((double)value).ToString("R", CultureInfo.InvariantCulture));
    else if (value is Guid) Tagged(text, "$guid", value.ToString());
    else if (value is TimeSpan) Tagged(text, "$ticks", ((TimeSpan)value).Ticks.ToString());
    else if (value is byte[]) Tagged(text, "$bytes", Latin1((byte[])value));
    else if (value is char) Tagged(text, "$char", ((int)(char)value).ToString());
    else if (value is Enum) Tagged(text, "$enum", value.ToString());
    else if (value is DateTime) text.Append("{\"$datetime\":\"" + ((DateTime)value).ToString("yyyy-MM-ddTHH:mm:ss.fffffff") + "\",\"kind\":\"" + ((DateTime)value).Kind + "\"}");
    else if (value is IEnumerable) List((IEnumerable)value, text);
    else Members(value, text);
  }

  static void Tagged(StringBuilder text, string tag, string value) { text.Append("{\"" + tag + "\":" + Quote(value) + "}"); }

  static void List(IEnumerable items, StringBuilder text) {
    text.Append('[');
    var comma = "";
    foreach (var item in items) { text.Append(comma); Dump(item, text); comma = ","; }
    text.Append(']');
  }

  static void Members(object value, StringBuilder text) {
    text.Append("{\"$type\":" + Quote(value.GetType().FullName));
    foreach (var member in value.GetType().GetProperties()) { text.Append("," + Quote(member.Name) + ":"); Dump(member.GetValue(value, null), text); }
    text.Append('}');
  }

  static string Latin1(byte[] bytes) { return Encoding.GetEncoding("iso-8859-1").GetString(bytes); }

  static string Quote(string value) {
    var text = new StringBuilder("\"");
    foreach (var c in value) {
      if (c == '"' || c == '\\') text.Append('\\').Append(c);
      else if (c < 32 || c > 126) text.Append("\\u" + ((int)c).ToString("x4"));
      else text.Append(c);
    }
    return text.Append('"').ToString();
  }
}

#include "report/html.h"

#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("Text cannot become markup") {
  CHECK(html_text("<script>alert('x') & \"y\"</script>") ==
        "&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;");
  CHECK(html_text("grün 猫 \xF0\x9F\x90\xB1") == "grün 猫 \xF0\x9F\x90\xB1");
  CHECK(html_text(std::string("a\0b\x1b", 4)) ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(html_text("line\n\ttab") == "line\n\ttab");
}

TEST_CASE("Bytes that are not UTF-8 become replacement characters") {
  CHECK(html_text("\xFF<") == "\xEF\xBF\xBD&lt;");
  CHECK(html_text("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html_text("a\xE7\x8C") == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  // Half of a pair, and '/' written overlong.
  CHECK(html_text("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html_text("\xE0\x80\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

// The test vectors of RFC 4648.
TEST_CASE("data_uri encodes as RFC 4648 says") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors)
    CHECK(data_uri("image/png", bytes) == std::string("data:image/png;base64,") + text);
  CHECK(data_uri("x", std::string("\xFF\xFE\0", 3)) == "data:x;base64,//4A");
}

TEST_CASE("A path becomes a link that names that file") {
  CHECK(file_link("../photos/test/cat/a_1-2.jpg") == "../photos/test/cat/a_1-2.jpg");
  CHECK(file_link("Autos, \"grün\"#1?.jpg") == "Autos%2C%20%22gr%C3%BCn%22%231%3F.jpg");
  CHECK(file_link("javascript:x") == "javascript%3Ax");
}

TEST_CASE("A page holds its title, style and body and lets nothing in or out") {
  const std::string page = html_page("a < b", "<p>body</p>");
  CHECK(page.find("<title>a &lt; b</title>") != std::string::npos);
  CHECK(page.find("<p>body</p>") != std::string::npos);
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(page.find("http:") == std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
}

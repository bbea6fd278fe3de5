# The caller is a Maven project of its own. Its server side is the greeter.
cp "$root/examples/greeter/Greeter.java" "$folder" || exit 73
maven -q -f "$folder/caller/pom.xml" package || exit 70
caller="$jdk/bin/java -jar $folder/caller/target/caller-1.jar Ada Grace"
